import { describe, expect, test } from "vitest";
import { MAX_QUESTIONS, questionsFor } from "../../../../shared/effects/questions.ts";
import { type Effect, formatEffect } from "../../../../shared/effects/types.ts";

const effects = (count: number, change: (at: number) => Partial<Effect> = () => ({})): readonly Effect[] =>
  Array.from({ length: count }, (_, at) => ({
    verb: "update",
    group: "apps",
    resource: "deployments",
    namespace: "demo",
    name: `w${at}`,
    from: `spec.members[${at}]`,
    ...change(at),
  }));

describe("who writes an object is asked", () => {
  test("about each effect once", () => {
    expect(questionsFor([...effects(3), ...effects(3)]).ask).toHaveLength(3);
    expect(questionsFor(effects(MAX_QUESTIONS)).ask).toHaveLength(MAX_QUESTIONS);
  });

  test("of too many alike whether all of them are allowed, which no name of a rule answers with yes", () => {
    const secret = { verb: "get", group: "", resource: "secrets", name: "s" };
    const { ask, tooMany } = questionsFor([...effects(1_000), ...effects(1, () => secret)]);
    expect(ask.map(formatEffect)).toEqual(["update deployments in namespace demo", "get secrets demo/s"]);
    expect(ask[0]?.from).toContain("999 more");
    expect(tooMany).toBeUndefined();
  });

  test("each that is left, of the smaller groups", () => {
    const sets = effects(40, () => ({ resource: "statefulsets" }));
    const { ask } = questionsFor([...effects(60), ...sets]);
    expect(ask).toHaveLength(41);
    expect(ask.filter(({ name }) => name === undefined).map(({ resource }) => resource)).toEqual(["deployments"]);
  });

  test("about nothing when there are more kinds of effects than questions, and is told the number", () => {
    expect(questionsFor(effects(100, (at) => ({ namespace: `n${at}` })))).toEqual({ ask: [], tooMany: 100 });
  });
});

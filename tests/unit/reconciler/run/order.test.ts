import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MemberState, memberTurns, type OrderedMember } from "../../../../reconciler/run/order.ts";
import { timed } from "../../../support/cpu-time.ts";

function aMember(name: string, state: MemberState, ...dependsOn: readonly string[]): OrderedMember {
  return { names: [name], dependsOn, state };
}

interface Case {
  readonly order?: string;
  readonly failFast?: string;
  readonly members: readonly OrderedMember[];
  readonly at: number;
}

function turn({ order = "Parallel", failFast, members, at }: Case): string {
  const answer = memberTurns({ executionOrder: order, failFast, members }).of(at);
  return answer.kind === "hold"
    ? `hold ${answer.reason}`
    : answer.kind === "refuse"
      ? `refuse ${answer.code}`
      : "start";
}

describe("a member's turn", () => {
  test.each<readonly [string, Case, string]>([
    ["comes at once in Parallel", { members: [aMember("db", "Running"), aMember("web", "Pending")], at: 1 }, "start"],
    [
      "waits in Sequential for an earlier member that runs",
      { order: "Sequential", members: [aMember("db", "Running"), aMember("web", "Pending")], at: 1 },
      "hold EarlierMemberRunning",
    ],
    [
      "comes in Sequential after an earlier member that failed",
      { order: "Sequential", members: [aMember("db", "Failed"), aMember("web", "Pending")], at: 1 },
      "start",
    ],
    [
      "never comes under FailFast after an earlier failure",
      { order: "Sequential", failFast: "x", members: [aMember("db", "Failed"), aMember("web", "Pending")], at: 1 },
      "refuse EARLIER_MEMBER_FAILED",
    ],
    [
      "is not kept away under FailFast in Sequential by a later failure",
      { order: "Sequential", failFast: "x", members: [aMember("db", "Pending"), aMember("web", "Failed")], at: 0 },
      "start",
    ],
    [
      "is kept away under FailFast in Parallel by any failure",
      { failFast: "x", members: [aMember("db", "Pending"), aMember("web", "Failed")], at: 0 },
      "refuse EARLIER_MEMBER_FAILED",
    ],
    [
      "waits for what it depends on",
      { members: [aMember("web", "Pending", "db"), aMember("db", "Running")], at: 0 },
      "hold DependencyRunning",
    ],
    [
      "never comes when what it depends on failed",
      { members: [aMember("web", "Pending", "db"), aMember("db", "Failed")], at: 0 },
      "refuse EARLIER_MEMBER_FAILED",
    ],
    [
      "never comes when it depends on nobody known",
      { members: [aMember("web", "Pending", "ghost")], at: 0 },
      "refuse INVALID_OBJECT",
    ],
    [
      "never comes in a circle of three",
      {
        members: [aMember("a", "Pending", "b"), aMember("b", "Pending", "c"), aMember("c", "Pending", "a")],
        at: 1,
      },
      "refuse INVALID_OBJECT",
    ],
    [
      "never comes when dependsOn contradicts the order",
      { order: "Sequential", members: [aMember("a", "Pending", "b"), aMember("b", "Pending")], at: 1 },
      "refuse INVALID_OBJECT",
    ],
    [
      "is not in the circle of others on which it does not depend",
      { members: [aMember("a", "Pending", "b"), aMember("b", "Pending", "a"), aMember("c", "Pending")], at: 2 },
      "start",
    ],
  ])("%s", (_name, view, expected) => {
    expect(turn(view)).toBe(expected);
  });
});

test("members that are refused one after another leave the turns as if all were asked for anew", () => {
  const names = fc.constantFrom("a", "b", "c", "d");
  const states = fc.constantFrom<MemberState>("Pending", "Running", "Succeeded", "Failed");
  const anyMember = fc.record({
    names: fc.array(names, { minLength: 1, maxLength: 2 }),
    dependsOn: fc.array(names, { maxLength: 2 }),
    state: states,
  });
  const anyView = fc.record({
    executionOrder: fc.constantFrom("Parallel", "Sequential"),
    failFast: fc.constantFrom(undefined, "failurePolicy is FailFast"),
    members: fc.array(anyMember, { minLength: 1, maxLength: 6 }),
    failing: fc.array(fc.nat(5), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(anyView, ({ failing, ...view }) => {
      const turns = memberTurns(view);
      const members: OrderedMember[] = [...view.members];
      for (const at of failing) {
        const member = members[at];
        if (member === undefined || member.state === "Succeeded" || member.state === "Failed") continue;
        members[at] = { ...member, state: "Failed" };
        const dependents = new Set(turns.fail(at));
        const anew = memberTurns({ ...view, members });
        for (const index of members.keys()) expect(turns.of(index)).toEqual(anew.of(index));
        const waiting = members.flatMap(({ dependsOn }, index) =>
          dependsOn.some((name) => member.names.includes(name)) ? [index] : [],
        );
        expect([...dependents].sort()).toEqual(waiting);
      }
    }),
    { numRuns: 500 },
  );
});

describe("S9: a long batch", () => {
  const COUNT = 3_000;
  test.each([
    ["in Sequential", "Sequential", () => []],
    ["whose members wait for the one before", "Parallel", (at: number) => (at === 0 ? [] : [`m${at - 1}`])],
    ["whose members all wait for all that share a name", "Parallel", () => ["same"]],
    [
      "whose members wait for many",
      "Sequential",
      (at: number) => Array.from({ length: 50 }, (_, one) => `m${one % at}`),
    ],
  ] as const)("%s takes a time that grows with its length alone", (_name, executionOrder, dependsOn) => {
    const members = Array.from({ length: COUNT }, (_, at) => ({
      names: [`m${at}`, ...(at % 2 === 0 ? ["same"] : [])],
      dependsOn: dependsOn(at),
      state: "Pending" as const,
    }));
    const { cpuMs } = timed(() => {
      const turns = memberTurns({ executionOrder, failFast: undefined, members });
      for (const index of members.keys()) turns.of(index);
    });
    expect(cpuMs).toBeLessThan(300);
  });
});

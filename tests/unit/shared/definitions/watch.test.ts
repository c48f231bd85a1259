import { describe, expect, test } from "vitest";
import { watchDefinitions } from "../../../../shared/definitions/watch.ts";
import { ManualClock } from "../../../support/kube/manual-clock.ts";
import { aPublisher, dropField, schemasOfFiles } from "./published.ts";

const MINUTE_MS = 60_000;

function aWatch(schemas = schemasOfFiles()) {
  const clock = new ManualClock();
  const publisher = aPublisher(schemas);
  const lines: string[] = [];
  const note =
    (level: string) =>
    (...[fields, message]: readonly unknown[]) => {
      lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };
  const ends: number[] = [];
  const watch = watchDefinitions({
    client: publisher.client,
    clock,
    log: { info: note("info"), warn: note("warn"), error: note("error") },
    onForgetful: () => void ends.push(clock.monotonic()),
  });
  watch.start();
  let isUsable = false;
  void watch.usable().then(() => {
    isUsable = true;
  });
  /** Another version of the schemas is published. */
  const publish = (next: ReadonlyMap<string, unknown>) => {
    publisher.state.schemas = next;
    publisher.state.version++;
  };
  return { ...publisher, clock, lines, ends, watch, publish, isUsable: () => isUsable };
}

function without(kind: string, path: string): ReadonlyMap<string, unknown> {
  const schemas = schemasOfFiles();
  dropField(schemas, kind, path);
  return schemas;
}

test("definitions of this version are looked at once, and then only at whether they changed", async () => {
  const { clock, watch, asked, lines, isUsable } = aWatch();
  await clock.advance(0);
  expect(isUsable()).toBe(true);
  expect(asked).toHaveLength(4);
  await clock.advance(60 * MINUTE_MS);
  expect(asked.slice(4)).toEqual(Array(60).fill("/openapi/v3"));
  expect(lines).toEqual([]);
  expect(watch.whyWrong()).toBeUndefined();
  watch.stop();
  await clock.advance(60 * MINUTE_MS);
  expect(asked).toHaveLength(64);
});

test("a dropped field is told once, with definition, field and command, and work begins all the same", async () => {
  const { clock, watch, lines, isUsable } = aWatch(new Map(without("Repository", "spec.maintenance")));
  await clock.advance(0);
  expect(isUsable()).toBe(true);
  await clock.advance(30 * MINUTE_MS);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^error definition not of this version .*repositories\.stash\.appscode\.com/);
  expect(lines[0]).toContain('"fields":["spec.maintenance"]');
  expect(lines[0]).toContain("kubectl apply --server-side -k manifests/crds");
  expect(watch.whyWrong()).toContain("drops spec.maintenance");
  watch.stop();
});

test("a schema that is published late after an upgrade is not told", async () => {
  const { clock, lines, publish, watch } = aWatch(new Map(without("Repository", "spec.maintenance")));
  await clock.advance(5_000);
  publish(schemasOfFiles());
  await clock.advance(30 * MINUTE_MS);
  expect(lines).toEqual([]);
  watch.stop();
});

test("what is mended is told, and no longer counted", async () => {
  const { clock, lines, publish, watch } = aWatch(new Map(without("Repository", "spec.maintenance")));
  await clock.advance(MINUTE_MS);
  expect(watch.faults()).toHaveLength(1);
  publish(schemasOfFiles());
  await clock.advance(2 * MINUTE_MS);
  expect(watch.faults()).toEqual([]);
  expect(lines.at(-1)).toMatch(/^info definitions are of this version again/);
  watch.stop();
});

const forgetful = () => new Map(without("BackupSession", "status.targets.[].hooks"));

describe("definitions that forget what is begun", () => {
  test("let no work begin until they are applied", async () => {
    const { clock, isUsable, publish, watch, ends } = aWatch(forgetful());
    await clock.advance(10 * MINUTE_MS);
    expect(isUsable()).toBe(false);
    expect(watch.whyWrong()).toContain("so nothing would remember what was begun");
    publish(schemasOfFiles());
    await clock.advance(10_000);
    expect(isUsable()).toBe(true);
    expect(ends).toEqual([]);
    watch.stop();
  });

  test("end work that has begun, once they were seen twice", async () => {
    const { clock, publish, ends, watch } = aWatch();
    await clock.advance(MINUTE_MS);
    publish(forgetful());
    await clock.advance(MINUTE_MS);
    expect(ends).toEqual([]);
    await clock.advance(20_000);
    expect(ends).toHaveLength(1);
    watch.stop();
  });
});

describe("a server that does not tell", () => {
  test.each([404, 403])("and answers %i holds nothing up", async (status) => {
    const { clock, state, isUsable, lines, watch } = aWatch();
    state.refusal = status;
    await clock.advance(30 * MINUTE_MS);
    expect(isUsable()).toBe(true);
    expect(lines).toEqual([]);
    watch.stop();
  });

  test("for a moment is asked again, and only a longer silence holds nothing up", async () => {
    const { clock, state, watch, isUsable } = aWatch(forgetful());
    state.refusal = 500;
    await clock.advance(5_000);
    expect(isUsable()).toBe(false);
    state.refusal = undefined;
    await clock.advance(MINUTE_MS);
    expect(isUsable()).toBe(false);
    expect(watch.faults()).toHaveLength(1);
    watch.stop();
  });

  test("for long holds nothing up, and is asked again", async () => {
    const { clock, state, watch, isUsable } = aWatch(new Map(without("Repository", "spec.maintenance")));
    state.refusal = 500;
    await clock.advance(30_000);
    expect(isUsable()).toBe(true);
    state.refusal = undefined;
    await clock.advance(3 * MINUTE_MS);
    expect(watch.faults()).toHaveLength(1);
    watch.stop();
  });
});

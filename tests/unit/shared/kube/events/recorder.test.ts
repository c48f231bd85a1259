import { describe, expect, test } from "vitest";
import { numberAt, textAt } from "../../../../../shared/json/value.ts";
import { KubeError } from "../../../../../shared/kube/client/error.ts";
import type { KubeClient } from "../../../../../shared/kube/client/interface.ts";
import { buildEvent, type EventSubject, eventName } from "../../../../../shared/kube/events/object.ts";
import { createEventRecorder, type EventRecorder } from "../../../../../shared/kube/events/recorder.ts";
import { ManualClock, settle } from "../../../../support/kube/manual-clock.ts";

const SESSION: EventSubject = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupSession",
  namespace: "demo",
  name: "nightly-1714435200",
  uid: "u1",
};

/** Events as the API server keeps them: names are taken once, only what is there can be patched. */
class EventKeeper {
  readonly kept = new Map<string, Readonly<Record<string, unknown>>>();
  readonly calls: string[] = [];
  failure: KubeError | undefined;
  held: Promise<void> | undefined;

  readonly client: Pick<KubeClient, "create" | "patch"> = {
    create: async (_resource, namespace, body, parse) => {
      const name = textAt(body, "metadata", "name") ?? "";
      await this.#arrive(`create ${namespace}`);
      if (this.kept.has(name)) throw anError(409, "AlreadyExists");
      this.kept.set(name, { ...Object(body) });
      return parse(body);
    },
    patch: async (_resource, namespace, name, patch, parse) => {
      await this.#arrive(`patch ${namespace}`);
      const before = this.kept.get(name);
      if (before === undefined) throw anError(404, "NotFound");
      const after = { ...before, ...(patch.kind === "merge" ? Object(patch.body) : {}) };
      this.kept.set(name, after);
      return parse(after);
    },
  };

  async #arrive(call: string): Promise<void> {
    this.calls.push(call);
    await this.held;
    if (this.failure !== undefined) throw this.failure;
  }

  get counts(): readonly (number | undefined)[] {
    return [...this.kept.values()].map((event) => numberAt(event, "count"));
  }
}

function anError(status: number, reason: string): KubeError {
  return new KubeError({ action: "call", status, reason, detail: "d" });
}

function aRecorder(): { recorder: EventRecorder; keeper: EventKeeper; clock: ManualClock; dropped: string[] } {
  const clock = new ManualClock();
  const keeper = new EventKeeper();
  const dropped: string[] = [];
  const recorder = createEventRecorder({
    client: keeper.client,
    source: { component: "reconciler", host: "pod-1" },
    onDropped: (subject, reason) => dropped.push(`${subject.name} ${reason}`),
    clock,
    rateLimit: { qps: 1, burst: 5 },
  });
  return { recorder, keeper, clock, dropped };
}

test("an Event carries who speaks, about what, and when, under upstream's name", async () => {
  const { recorder, keeper } = aRecorder();
  recorder.record(SESSION, "Warning", "HostFailed", "restic ended with 1");
  expect(keeper.calls).toEqual([]);
  await recorder.flush();
  const [name] = keeper.kept.keys();
  expect(name).toMatch(/^nightly-1714435200\.[0-9a-f]{16}$/);
  expect(keeper.kept.get(name ?? "")).toEqual({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: "demo" },
    involvedObject: SESSION,
    type: "Warning",
    reason: "HostFailed",
    message: "restic ended with 1",
    source: { component: "reconciler", host: "pod-1" },
    reportingComponent: "reconciler",
    reportingInstance: "pod-1",
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    count: 1,
  });
});

test("the same thing again within ten minutes counts up, later it is news", async () => {
  const { recorder, keeper, clock } = aRecorder();
  for (const pauseMs of [0, 60_000, 599_000]) {
    await clock.advance(pauseMs);
    recorder.record(SESSION, "Normal", "Started", "m");
    await recorder.flush();
  }
  expect(keeper.counts).toEqual([3]);
  await clock.advance(600_001);
  recorder.record(SESSION, "Normal", "Started", "m");
  await recorder.flush();
  expect(keeper.counts).toEqual([3, 1]);
  expect(keeper.calls).toEqual(["create demo", "patch demo", "patch demo", "create demo"]);
});

test("repeats while an Event waits to be written are written with it", async () => {
  const { recorder, keeper } = aRecorder();
  for (let i = 0; i < 50; i += 1) recorder.record(SESSION, "Normal", "Started", "m");
  await recorder.flush();
  expect(keeper.counts).toEqual([50]);
  expect(keeper.calls).toHaveLength(1);
});

test("what differs in message or object is another Event", async () => {
  const { recorder, keeper } = aRecorder();
  recorder.record(SESSION, "Normal", "Started", "m");
  recorder.record(SESSION, "Normal", "Started", "n");
  recorder.record({ ...SESSION, uid: "u2" }, "Normal", "Started", "m");
  await recorder.flush();
  expect(keeper.counts).toEqual([1, 1, 1]);
});

test("a cluster-scoped object has its Events in the namespace default", async () => {
  const { recorder, keeper } = aRecorder();
  recorder.record({ apiVersion: "v1", kind: "Node", name: "node-1" }, "Normal", "Seen", "m");
  await recorder.flush();
  expect(keeper.calls).toEqual(["create default"]);
});

test("a repeat of an Event that was deleted meanwhile makes it anew with its count", async () => {
  const { recorder, keeper } = aRecorder();
  recorder.record(SESSION, "Normal", "Started", "m");
  await recorder.flush();
  keeper.kept.clear();
  recorder.record(SESSION, "Normal", "Started", "m");
  await recorder.flush();
  expect(keeper.counts).toEqual([2]);
});

test("an Event that cannot be written is told, never thrown, and the next ones are written", async () => {
  const { recorder, keeper, dropped } = aRecorder();
  keeper.failure = anError(403, "Forbidden");
  recorder.record(SESSION, "Normal", "Started", "m");
  await recorder.flush();
  expect(dropped).toEqual(["nightly-1714435200 Started"]);
  expect(recorder.dropped).toBe(1);
  keeper.failure = undefined;
  recorder.record(SESSION, "Normal", "Ended", "m");
  await recorder.flush();
  expect(keeper.counts).toEqual([1]);
});

test("E14: an Event in a namespace that is being deleted is no loss", async () => {
  const { recorder, keeper, dropped } = aRecorder();
  const causes = [{ reason: "NamespaceTerminating", message: undefined, field: undefined }];
  keeper.failure = new KubeError({ action: "create", status: 403, reason: "Forbidden", detail: "d", causes });
  recorder.record(SESSION, "Warning", "Backup Failed", "x");
  await recorder.flush();
  expect([recorder.dropped, dropped]).toEqual([0, []]);
});

test("writes come no faster than allowed, and what waits too long in number is dropped", async () => {
  const { recorder, keeper, clock, dropped } = aRecorder();
  for (let i = 0; i < 600; i += 1) recorder.record(SESSION, "Normal", "Started", `m${i}`);
  await settle();
  expect(keeper.kept.size).toBe(5);
  expect(dropped).toHaveLength(100);
  await clock.advance(10_000);
  expect(keeper.kept.size).toBe(15);
  await recorder.stop();
  recorder.record(SESSION, "Normal", "Started", "after");
  await clock.advance(10_000);
  expect(keeper.kept.size).toBe(15);
});

describe("the text of an Event", () => {
  const occurrence = { count: 1, firstAt: 0, lastAt: 0 };

  test("is cut to what API servers accept", () => {
    const text = { type: "Normal", reason: "R", message: "x".repeat(5_000) } as const;
    const event = buildEvent("n", SESSION, text, { component: "c" }, occurrence);
    expect(textAt(event, "message")).toHaveLength(1_024);
  });

  test("has a name that is unique within a millisecond and never too long", () => {
    const at = Date.parse("2026-01-01T00:00:00Z");
    expect(eventName("a", at, 1)).toBe(`a.${(BigInt(at) * 1_000_000n + 1n).toString(16)}`);
    expect(eventName("a", at, 1)).not.toBe(eventName("a", at, 2));
    const long = eventName(`${"x".repeat(235)}-.-yyyyyyyyyyyyyyyyy`, at, 1);
    expect(long.length).toBeLessThanOrEqual(253);
    expect(long).toMatch(/^x+\.[0-9a-f]+$/);
  });
});

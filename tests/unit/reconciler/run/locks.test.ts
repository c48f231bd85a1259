import { describe, expect, test } from "vitest";
import { type FormerPod, isOwnerGone } from "../../../../reconciler/run/locks.ts";
import type { PodFact } from "../../../../reconciler/run/world.ts";

const TAKEN = "2024-04-30T02:00:00Z";
const TAKEN_MS = Date.parse(TAKEN);
const HOUR_MS = 3_600_000;

function aPod(uid: string, change: Partial<PodFact> = {}, startedAtMs = TAKEN_MS - HOUR_MS): PodFact {
  return {
    namespace: "demo",
    name: "db-0",
    uid,
    nodeName: "node-a",
    podIp: undefined,
    createdAtMs: 0,
    isReady: true,
    isTerminating: false,
    isEnded: false,
    containers: ["app"],
    sidecar: { isRunning: true, startedAtMs, message: undefined, serves: undefined },
    restoreInit: undefined,
    ...change,
  };
}

function served(uid: string, name = "db-0", assignedAtMs = TAKEN_MS - 60_000): FormerPod {
  return { name, uid, assignedAtMs };
}

function answer(
  formerPods: readonly FormerPod[],
  pods: readonly PodFact[],
  host: string | undefined = "db-0",
): boolean {
  const lock = { id: "l", createdAt: TAKEN, ...(host !== undefined && { host }) };
  return isOwnerGone(lock, { formerPods, lockOwners: new Map(pods.map((pod) => [pod.uid, pod])) });
}

test("L58: a lock of a host that never served the repository stays: it may live in another cluster", () => {
  expect(answer([], [])).toBe(false);
  expect(answer([served("old", "web-0")], [])).toBe(false);
});

test("a lock that is older than what its pod was given is somebody else's", () => {
  expect(answer([served("old", "db-0", TAKEN_MS + HOUR_MS)], [])).toBe(false);
});

test("a lock of a pod that is gone or has ended may go", () => {
  expect(answer([served("old")], [])).toBe(true);
  expect(answer([served("old")], [aPod("old", { isEnded: true })])).toBe(true);
});

test("a lock of a pod that lives stays", () => {
  expect(answer([served("live")], [aPod("live")])).toBe(false);
});

test("a lock whose process ended with its container may go", () => {
  expect(answer([served("live")], [aPod("live", {}, TAKEN_MS + HOUR_MS)])).toBe(true);
});

test("a lock that one of two pods of the same name may hold stays", () => {
  expect(answer([served("old"), served("live")], [aPod("live")])).toBe(false);
});

describe("a lock that the former pod of a StatefulSet left, when a pod of the same name waits in its init-container,", () => {
  const agent = (isRunning: boolean, startedAtMs?: number) => ({
    isRunning,
    startedAtMs,
    message: undefined,
    serves: undefined,
  });
  const next = (restoreInit: PodFact["restoreInit"], sidecar: PodFact["sidecar"] = agent(false)) =>
    aPod("next", { restoreInit, sidecar });
  const former = [served("old"), served("next", "db-0", TAKEN_MS + 15_000)];

  test("may go: what runs in that began after it", () => {
    expect(answer(former, [next(agent(true, TAKEN_MS + 16_000))])).toBe(true);
    expect(answer(former, [next(agent(false, TAKEN_MS + 16_000), agent(true, TAKEN_MS + 20_000))])).toBe(true);
  });

  test("stays where it may be of what runs there, or nothing runs there yet", () => {
    expect(answer(former, [next(agent(true, TAKEN_MS + 1_000))])).toBe(false);
    expect(answer(former, [next(agent(true, TAKEN_MS - 1_000), agent(true, TAKEN_MS + 16_000))])).toBe(false);
    expect(answer(former, [next(agent(false))])).toBe(false);
  });

  test("stays where no pod is known that left it: clocks may differ", () => {
    const [, only] = former;
    expect(answer(only === undefined ? [] : [only], [next(agent(true, TAKEN_MS + 16_000))])).toBe(false);
  });
});

test("a lock without an owner's name or time stays", () => {
  const view = { formerPods: [served("old")], lockOwners: new Map() };
  expect(isOwnerGone({ id: "l", createdAt: TAKEN }, view)).toBe(false);
  expect(isOwnerGone({ id: "l", host: "db-0" }, view)).toBe(false);
});

test("D23: a lock of a pod with a long name is known by the host name that the kubelet made of it", () => {
  const long = `stash-backup-${"a".repeat(49)}-1714442400-0-x8kq2`;
  expect(answer([served("old", long)], [], `stash-backup-${"a".repeat(49)}`)).toBe(true);
  expect(answer([served("old", long)], [], long)).toBe(false);
});

import { describe, expect, test } from "vitest";
import { findStuck } from "../../../../reconciler/injection/release-stuck.ts";
import { dueAtMs, findTrouble, lastingTrouble } from "../../../../reconciler/injection/trouble.ts";
import { aPod, aWorkload, HASH, type WorkloadShape } from "./builders.ts";

const NOW = 10_000_000;
const seen = (shape: WorkloadShape, pods = [aPod("web-0", HASH)]) =>
  findTrouble({ workload: aWorkload({ applied: HASH, ...shape }), pods, hash: HASH }, NOW);
const failure = (status: string) => [{ type: "ReplicaFailure", status, message: "exceeded quota: team" }];

describe("what keeps pods with the sidecar from being made or ready", () => {
  test("is nothing where all are there", () => {
    expect(seen({})).toBeUndefined();
    expect(seen({ status: { conditions: failure("False") } })).toBeUndefined();
  });

  test("C08: is what a Deployment's controller says", () => {
    expect(seen({ status: { conditions: failure("True") } })).toEqual({
      kind: "NotMade",
      words: "exceeded quota: team",
    });
  });

  test("waits a short while where nothing of the application runs", () => {
    const limits = { notMadeMs: 120_000, notReadyMs: 600_000 };
    const dueAfterMs = (replicas: number, given = limits) => {
      const trouble = seen({ status: { replicas, conditions: failure("True") } }, []);
      const lasting = lastingTrouble(undefined, trouble, 1_000);
      return lasting && dueAtMs(lasting, given) - 1_000;
    };
    expect(dueAfterMs(1)).toBe(120_000);
    expect(dueAfterMs(0)).toBe(20_000);
    expect(dueAfterMs(0, { ...limits, notMadeMs: 3_000 })).toBe(3_000);
    // Pods that end slowly are no failure: their successors come after them.
    expect(dueAtMs({ kind: "NotMade", words: "2 of 2 pods are missing", sinceMs: 0 }, limits)).toBe(120_000);
    const down = lastingTrouble(undefined, { kind: "NotMade", words: "a", isDown: true }, 1);
    expect(lastingTrouble(down, { kind: "NotMade", words: "a" }, 5)).toEqual({
      kind: "NotMade",
      words: "a",
      sinceMs: 1,
    });
  });

  test("C08: is what pods are missing, where a controller says nothing", () => {
    const words = "1 of 2 pods are missing";
    expect(seen({ kind: "StatefulSet", status: { replicas: 1 } })).toEqual({ kind: "NotMade", words });
    const nodes = { desiredNumberScheduled: 2, currentNumberScheduled: 1 };
    expect(seen({ kind: "DaemonSet", status: nodes })).toEqual({ kind: "NotMade", words });
    expect(seen({ spec: { replicas: 0 }, status: { replicas: 0 } }, [])).toBeUndefined();
  });

  test("is unknown until the controller has seen the template", () => {
    expect(seen({ metadata: { generation: 3 }, status: { conditions: failure("True") } })).toBeUndefined();
  });

  test("D9: is a pod of the present template that the sidecar holds up", () => {
    const holdup = { words: "container stash: ImagePullBackOff" };
    const heldUp = { ...aPod("web-1", HASH), holdup };
    const words = "pod web-1: container stash: ImagePullBackOff";
    expect(seen({}, [aPod("web-0", HASH), heldUp])).toEqual({ kind: "NotReady", words });
    expect(seen({}, [{ ...heldUp, backupHash: "other" }])).toBeUndefined();
    const waits = { words: "nothing in it has begun yet", volumes: ["stash-local-0a1b2c3d4e"] };
    expect(seen({}, [{ ...aPod("web-1", HASH), holdup: waits }])?.waiting).toEqual({
      name: "web-1",
      uid: aPod("web-1", HASH).uid,
      volumes: waits.volumes,
    });
    expect(seen({}, [{ ...heldUp, isTerminating: true }])).toBeUndefined();
    expect(seen({}, [{ ...heldUp, isEnded: true }])).toBeUndefined();
  });

  test("a sidecar that was killed for its memory counts for ten minutes", () => {
    const killed = (agoMs: number) => ({
      ...aPod("web-0", HASH),
      holdup: { words: "OOMKilled", killedAtMs: NOW - agoMs },
    });
    expect(seen({}, [killed(599_000)])?.kind).toBe("NotReady");
    expect(seen({}, [killed(600_000)])).toBeUndefined();
  });

  test("lasts while it is of one kind, whatever its words", () => {
    const first = lastingTrouble(undefined, { kind: "NotReady", words: "a" }, 1);
    expect(first).toEqual({ kind: "NotReady", words: "a", sinceMs: 1 });
    expect(lastingTrouble(first, { kind: "NotReady", words: "b" }, 5)).toMatchObject({ words: "b", sinceMs: 1 });
    expect(lastingTrouble(first, { kind: "NotMade", words: "b" }, 5)?.sinceMs).toBe(5);
    expect(lastingTrouble(first, undefined, 5)).toBeUndefined();
  });
});

describe("pods that are ended when the sidecar was taken out", () => {
  const holdup = { words: "container stash: ImagePullBackOff" };
  const stuck = { ...aPod("web-1", HASH), isReady: false, holdup };
  const held = { workload: aWorkload({ kind: "StatefulSet" }), hold: { kind: "DryRun" }, isCurrent: true } as const;
  const namesOf = (facts: Partial<Parameters<typeof findStuck>[0]>, pods = [aPod("web-0", HASH), stuck]) =>
    findStuck({ ...held, ...facts }, pods).map(({ name }) => name);

  test("D9: are those of a StatefulSet that it holds up, and no others", () => {
    expect(namesOf({})).toEqual(["web-1"]);
    expect(namesOf({}, [{ ...stuck, isTerminating: true }])).toEqual([]);
    expect(namesOf({}, [{ ...stuck, isReady: true }])).toEqual([]);
    expect(namesOf({ hold: undefined })).toEqual([]);
    expect(namesOf({ isCurrent: false })).toEqual([]);
    expect(namesOf({ workload: aWorkload() })).toEqual([]);
  });
});

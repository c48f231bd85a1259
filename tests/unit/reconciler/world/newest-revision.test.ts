import { describe, expect, test } from "vitest";
import { planHosts } from "../../../../reconciler/run/hosts.ts";
import { type PodObject, readPod } from "../../../../reconciler/world/pod-object.ts";
import { readWorkloadObject, workloadFact } from "../../../../reconciler/world/workload-object.ts";
import { Annotation } from "../../../../shared/contract.ts";

interface Rollout {
  readonly hash?: string;
  readonly updated: number;
  readonly existing: number;
}

function aDeployment({ hash = "h2", updated, existing }: Rollout) {
  const workload = readWorkloadObject("Deployment", {
    metadata: { namespace: "demo", name: "web", uid: "uid-web", generation: 2 },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" }, annotations: { [Annotation.BackupHash]: hash } }, spec: {} },
    },
    status: { observedGeneration: 2, updatedReplicas: updated, replicas: existing },
  });
  if (workload === undefined) throw new Error("no workload");
  return workload;
}

interface PodState {
  readonly revision: string;
  readonly createdAt: number;
  readonly isReady?: boolean;
  readonly hash?: string;
  readonly isEnding?: boolean;
}

function aPod(
  name: string,
  { revision, createdAt, isReady = true, hash = "h2", isEnding = false }: PodState,
): PodObject {
  const pod = readPod({
    metadata: {
      namespace: "demo",
      name,
      uid: `uid-${name}`,
      creationTimestamp: new Date(createdAt * 1_000).toISOString(),
      labels: { app: "web", "pod-template-hash": revision },
      annotations: { [Annotation.BackupHash]: hash },
      ownerReferences: [{ controller: true, kind: "ReplicaSet", name: `web-${revision}`, uid: `uid-${revision}` }],
      ...(isEnding && { deletionTimestamp: "2024-01-01T00:00:00Z" }),
    },
    spec: { containers: [{ name: "app" }, { name: "stash" }] },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
      containerStatuses: [{ name: "stash", state: { running: { startedAt: "2024-01-01T00:00:00Z" } } }],
    },
  });
  if (pod === undefined) throw new Error("no pod");
  return pod;
}

/** Name of the pod that serves; else why none does. */
function serving(rollout: Rollout, pods: readonly PodObject[], isPatienceOver = false): string {
  const ref = { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "demo" };
  const workload = workloadFact(aDeployment(rollout), pods);
  const plan = planHosts({ ref, alias: "web", workload, role: "sidecar", isPatienceOver });
  return plan.kind === "hosts" ? (plan.hosts[0]?.pod?.name ?? "nobody") : plan.message;
}

const ROLLING = { updated: 1, existing: 3 };
const OLD = aPod("old", { revision: "r1", createdAt: 1, hash: "h1" });
const NEW = aPod("new", { revision: "r2", createdAt: 9 });
const COMING = aPod("new", { revision: "r2", createdAt: 9, isReady: false });

describe("of a Deployment that rolls out", () => {
  test("D16: a ready pod of the newest revision serves, though older ones are ready too", () => {
    expect(serving(ROLLING, [OLD, NEW])).toBe("new");
  });

  test("D16: nobody serves while the new pod is not ready: the old one is about to end", () => {
    expect(serving(ROLLING, [OLD, COMING])).toMatch(/a rollout of Deployment demo\/web is about to end pod old/);
  });

  test("D16: when the patience is over, a ready one of an older revision is better than none", () => {
    expect(serving(ROLLING, [OLD, COMING], true)).toBe("old");
  });

  test("D16: a rollout that changes nothing of the sidecar is told by its newest pod", () => {
    const before = aPod("before", { revision: "r1", createdAt: 1 });
    expect(serving(ROLLING, [before, NEW])).toBe("new");
  });

  test("D16: an old pod that was just replaced is not taken for the new revision where the sidecar tells them apart", () => {
    const replaced = aPod("replaced", { revision: "r1", createdAt: 20, hash: "h1" });
    expect(serving(ROLLING, [replaced, NEW])).toBe("new");
  });
});

test("D16: without a rollout the oldest ready pod serves, as ever", () => {
  const second = aPod("second", { revision: "r2", createdAt: 10 });
  expect(serving({ updated: 2, existing: 2 }, [second, NEW])).toBe("new");
});

test("D16: a paused Deployment, of whose new template no pod is made, is backed up from what there is", () => {
  expect(serving({ updated: 0, existing: 2 }, [OLD])).toBe("old");
});

test("D16: pods that end serve nobody, of whatever revision", () => {
  const ending = aPod("ending", { revision: "r2", createdAt: 9, isEnding: true });
  expect(serving(ROLLING, [OLD, ending])).toBe("old");
});

/** S8: numbers that tenants write, and as many hosts as they stand for. */
import { expect, test } from "vitest";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import type { SimulatedWorkload } from "../../../support/simulation/pods.ts";
import { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

interface Scaled {
  readonly kind: "StatefulSet" | "DaemonSet";
  readonly replicas: number;
  /** Pods that there are; all by default. */
  readonly pods?: number;
}

/** Of each member its phase, its hosts and what is told of it. */
function outcomes(scaled: readonly Scaled[]): readonly string[] {
  const workloads = scaled.map(({ kind, replicas, pods = replicas }, at): SimulatedWorkload & { wanted: number } => {
    return { kind, namespace: "demo", name: `app-${at}`, replicas: pods, wanted: replicas };
  });
  const batch = parseBackupBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
    spec: {
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      members: workloads.map(({ kind, name }) => ({
        target: { alias: name, ref: { apiVersion: "apps/v1", kind, name }, paths: ["/data"] },
      })),
    },
  });
  const simulation = new SessionSimulation({ batch, workloads });
  for (const workload of workloads) Object.assign(workload, { replicas: workload.wanted });
  simulation.settle();
  return (simulation.status.targets ?? []).map(({ totalHosts = 0, message = "" }) => `${totalHosts} ${message}`);
}

test("a StatefulSet with more replicas than there can be is refused, and no other member with it", () => {
  const found = outcomes([
    { kind: "StatefulSet", replicas: 2_147_483_647, pods: 1 },
    { kind: "StatefulSet", replicas: 2 },
  ]);
  expect(found[0]).toMatch(/^0 .*2147483647 replicas/);
  expect(found[1]).toMatch(/^2 /);
});

test("members are taken as long as all their hosts have room", () => {
  const found = outcomes([
    { kind: "DaemonSet", replicas: 8_000 },
    { kind: "DaemonSet", replicas: 8_000 },
    { kind: "DaemonSet", replicas: 8_000 },
    { kind: "DaemonSet", replicas: 3 },
  ]);
  expect(found.map((text) => text.split(" ")[0])).toEqual(["8000", "8000", "0", "3"]);
  expect(found[2]).toContain("more than 20000");
});

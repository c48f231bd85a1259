import { expect, test } from "vitest";
import { gatherRights } from "../../../../reconciler/rights/gather.ts";
import { createWorld } from "../../../../reconciler/world/informers.ts";
import { readWorkloadObject } from "../../../../reconciler/world/workload-object.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { aWorkload } from "../../../support/webhook/objects.ts";
import { aRepository } from "../injection/builders.ts";

const empty = createWorld({
  client: { listPages: () => (async function* () {})(), watch: () => (async function* () {})() },
  onProblem: () => undefined,
  onFail: () => undefined,
});

/** Deployment `web` of namespace `victim`, and a batch of another namespace or the same that names it. */
function worldWith(namespace: string) {
  const workload = readWorkloadObject("Deployment", aWorkload("Deployment", "victim", "web"));
  if (workload === undefined) throw new Error("no workload");
  const batch = parseBackupBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "b", namespace },
    spec: {
      repository: { name: "repo", namespace: "evil" },
      retentionPolicy: { name: "k", keepLast: 1, prune: true },
      members: [{ target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "victim" } } }],
    },
  });
  const usagePolicy = { allowedNamespaces: { from: "All" } };
  const repository = aRepository({ namespace: "evil", spec: { usagePolicy } });
  return {
    ...empty,
    repositories: { ...empty.repositories, get: () => repository },
    batches: { ...empty.batches, byIndex: () => [batch] },
    workloads: {
      ...empty.workloads,
      Deployment: { ...empty.workloads.Deployment, get: () => workload, list: () => [workload] },
    },
  };
}

test("what an invoker of another namespace names makes no rights and no copy of a Secret where it points to", () => {
  expect(gatherRights(worldWith("evil"), "victim")).toEqual({ namespace: "victim", serviceAccounts: [], copies: [] });
  const own = gatherRights(worldWith("victim"), "victim");
  expect([own.serviceAccounts, own.copies.length]).toEqual([["default"], 1]);
});

test("D9: pull secrets are copied where pods of ours are, and nowhere else", () => {
  const secrets = [{ namespace: "stash-batch", name: "registry" }];
  const names = (world: ReturnType<typeof worldWith>) =>
    gatherRights(world, "victim", secrets).copies.map(({ name }) => name);
  expect(names(worldWith("victim"))).toContainEqual(expect.stringMatching(/^stash-pull-/));
  expect(names(worldWith("evil"))).toEqual([]);
});

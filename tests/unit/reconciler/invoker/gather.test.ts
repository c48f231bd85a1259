import { expect, test } from "vitest";
import { TargetMemory } from "../../../../reconciler/injection/target-memory.ts";
import { gatherInvokerStatus } from "../../../../reconciler/invoker/gather.ts";
import { Lookups } from "../../../../reconciler/invoker/lookups.ts";
import { createWorld } from "../../../../reconciler/world/informers.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { systemClock } from "../../../../shared/clock.ts";

test("whether something is in another namespace is not told: nobody asks there", async () => {
  const asked: string[] = [];
  const client = {
    find: async (_resource: unknown, namespace: string | undefined, name: string) => {
      asked.push(`${namespace}/${name}`);
      return undefined;
    },
    read: async () => JSON.stringify({ resources: [{ kind: "Secret", name: "secrets", namespaced: true }] }),
    list: async () => ({ items: [], resourceVersion: "1" }),
  };
  const world = createWorld({
    client: { listPages: () => (async function* () {})(), watch: () => (async function* () {})() },
    onProblem: () => undefined,
    onFail: () => undefined,
  });
  const ref = (kind: string, namespace: string) => ({
    target: { alias: kind, ref: { apiVersion: "v1", kind, name: "x", namespace } },
  });
  const batch = parseBackupBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "b", namespace: "demo" },
    spec: {
      repository: { name: "r" },
      retentionPolicy: { name: "k", keepLast: 1, prune: true },
      members: [
        ref("PersistentVolumeClaim", "victim"),
        ref("Deployment", "victim"),
        { ...ref("Secret", "victim"), task: { name: "kubedump-backup" } },
        { ...ref("Secret", "demo"), task: { name: "kubedump-backup" } },
      ],
    },
  });
  const ports = {
    world,
    client,
    lookups: new Lookups(client, systemClock),
    records: new TargetMemory<never>(),
    refusals: new TargetMemory<never>(),
    clock: systemClock,
    settings: { image: "i:1", nativeSidecar: false, followsImage: false },
    trigger: { prepare: async () => {}, ensure: async () => ({ kind: "InProcess" }) as const },
  };
  const { members } = await gatherInvokerStatus(ports, batch, new AbortController().signal);
  const words = expect.stringContaining("is in another namespace than its invoker");
  expect(members.map(({ target }) => target)).toEqual([{ unknown: words }, { unknown: words }, "found", "missing"]);
  expect(asked).toEqual(["demo/x"]);
});

/** Nobody writes while a restore writes: applications that write all the time, on the real cluster with the whole product. */
import { randomBytes } from "node:crypto";
import { rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS } from "../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import type { JsonPatchOperation } from "../../shared/kube/client/patch.ts";
import { buildMutatingConfiguration, INSTALLED_ADDRESS } from "../../webhook/configuration.ts";
import { eventually, stays } from "../support/eventually.ts";
import { listPods, waitForContainer, waitForPods, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { batchManifest, restoreManifest, restoreMember } from "../support/restore/application.ts";
import { openRestoreStand, type RestoreStand } from "../support/restore/restore-stand.ts";
import { writerManifest } from "../support/restore/writer.ts";

const cluster = useProduct();
const NAMESPACE = "restore-quiet";
const TIMEOUT_MS = 60_000;
const BIG_BYTES = 8 * 1024 * 1024;
/** restic's own brake, in KiB a second: the big file takes some four seconds. */
const SLOWLY = ["--limit-download", "2048"];

const WEB = { kind: "Deployment", name: "web" } as const;
const AGENTS = { kind: "DaemonSet", name: "agents" } as const;
const SHARED = { kind: "StatefulSet", name: "shared" } as const;
const STRATEGY = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
const KEPT = "stash.appscode.com/kept-strategy";
const CLAIM = { persistentVolumeClaim: { claimName: "web-files" } };

let stand: RestoreStand;
let data: string;

const readWeb = () => stand.client.get(KUBERNETES.Deployment, NAMESPACE, "web", asIs);
const strategyOf = (web: unknown) => JSON.stringify(valueAt(web, "spec", "strategy"));
const keptOf = (web: unknown) => textAt(web, "metadata", "annotations", KEPT);
const hostOf = ({ status }: RestoreBatch) => status?.members?.[0]?.stats?.[0];
const isRestoring = (restore: RestoreBatch) => hostOf(restore)?.phase === "Running";
const isTold = ({ status }: RestoreBatch) => status?.members?.[0]?.reason === "OldPodsRunning";

function restore(name: string, member: Parameters<typeof restoreMember>[0], args: readonly string[] = []) {
  return stand.apply(restoreManifest(NAMESPACE, name, [restoreMember(member, { args })]));
}

function patchWeb(body: unknown) {
  return stand.client.patch(KUBERNETES.Deployment, NAMESPACE, "web", { kind: "merge", body }, asIs);
}

/** Waits until the Deployment has its own strategy again. */
async function expectStrategyBack(before: string): Promise<void> {
  const web = await eventually(readWeb, (at) => keptOf(at) === undefined, TIMEOUT_MS);
  expect(strategyOf(web)).toBe(before);
}

function waitForWeb() {
  return waitForReadyPods(stand.client, NAMESPACE, "app=web", 1, TIMEOUT_MS);
}

/** When the file was made, in milliseconds by this machine's clock; undefined while it is not there. */
async function madeAtMs(file: string): Promise<number | undefined> {
  return stat(join(data, file)).then(
    ({ birthtimeMs }) => birthtimeMs,
    () => undefined,
  );
}

beforeAll(async () => {
  stand = await openRestoreStand(cluster(), NAMESPACE);
  const { marks, client } = stand;
  const agents = await stand.makeFolder("agents");
  const claims = ["web-files", "shared-files"].map((name) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: NAMESPACE },
    spec: { accessModes: ["ReadWriteMany"], resources: { requests: { storage: "1Mi" } } },
  }));
  await stand.apply(
    ...claims,
    batchManifest(NAMESPACE, [WEB, AGENTS, SHARED]),
    writerManifest({ ...WEB, namespace: NAMESPACE, marks, source: CLAIM, spec: { strategy: STRATEGY } }),
    writerManifest({
      ...AGENTS,
      namespace: NAMESPACE,
      marks,
      source: { hostPath: { path: agents, type: "Directory" } },
      spec: { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
    }),
    writerManifest({
      ...SHARED,
      namespace: NAMESPACE,
      marks,
      source: { persistentVolumeClaim: { claimName: "shared-files" } },
      spec: { replicas: 2 },
    }),
  );
  const nodes = cluster().nodes.length;
  await waitForContainer(client, NAMESPACE, "app=web", "stash", 1, TIMEOUT_MS);
  await waitForContainer(client, NAMESPACE, "app=agents", "stash", nodes, TIMEOUT_MS);
  await waitForContainer(client, NAMESPACE, "app=shared", "stash", 2, TIMEOUT_MS);
  data = await stand.folderOfClaim("web-files");
  await writeFile(join(data, "big"), randomBytes(BIG_BYTES));
  await stand.backUp("nightly-1");
}, 180_000);

test("D3, E12: no pod of before writes once the first file is restored, and the strategy is back byte for byte", async () => {
  const { client, marks } = stand;
  const before = strategyOf(await readWeb());
  const [old] = await listPods(client, NAMESPACE, "app=web");
  await rm(join(data, "big"));
  await restore("back", WEB, SLOWLY);
  await stand.waitForRestore("back", isRestoring);
  expect(strategyOf(await readWeb())).toBe(JSON.stringify({ type: "Recreate" }));
  expect(keptOf(await readWeb())).toBe(before);
  const { status } = await stand.waitForEnd("back", TIMEOUT_MS);
  expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
  const [pod] = await waitForWeb();
  await expectStrategyBack(before);

  const lastWrite = await stat(join(marks, old?.name ?? "nobody"));
  const firstFile = await madeAtMs("big");
  expect(lastWrite.mtimeMs).toBeLessThan(firstFile ?? 0);
  // Giving the strategy back restarted nothing.
  await stays(async () => (await waitForWeb()).map(({ uid }) => uid), [pod?.uid ?? ""], 2_000);
  const sets = await client.list(KUBERNETES.ReplicaSet, NAMESPACE, asIs, { labelSelector: "app=web" });
  const revision = textAt(await readWeb(), "metadata", "annotations", "deployment.kubernetes.io/revision");
  expect(revision).toBe(String(sets.items.length));
});

test("D3: a restore that is deleted in the middle while the reconciler is dead leaves no strategy behind", async () => {
  const { client } = stand;
  const { product } = cluster();
  const before = strategyOf(await readWeb());
  await restore("dropped", WEB, SLOWLY);
  const begun = hostOf(await stand.waitForRestore("dropped", isRestoring));
  expect(keptOf(await readWeb())).toBe(before);
  await product.kill("reconciler");
  await client.delete(KINDS.RestoreBatch, NAMESPACE, "dropped");
  await product.start("reconciler");
  await expectStrategyBack(before);
  // Half a restore holds its pod until somebody decides.
  await client.delete(KUBERNETES.Pod, NAMESPACE, begun?.pod ?? "", { gracePeriodSeconds: 0 });
  await waitForWeb();
});

test("D3: a restore that fails leaves no strategy behind", async () => {
  const before = strategyOf(await readWeb());
  const wrong = restoreMember(WEB, { rules: [{ snapshots: ["00000000"] }] });
  await stand.apply(restoreManifest(NAMESPACE, "wrong", [wrong], { onFailure: "Start" }));
  const { status } = await stand.waitForEnd("wrong", TIMEOUT_MS);
  expect(status?.phase, JSON.stringify(status, null, 1)).toBe("Failed");
  await expectStrategyBack(before);
  await waitForWeb();
});

test("D3: who puts the strategy back during the restore finds Recreate again, and pods that an autoscaler adds wait too", async () => {
  const { client } = stand;
  await restore("contested", WEB, SLOWLY);
  await stand.waitForRestore("contested", isRestoring);
  const own = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "50%", maxSurge: 2 } };
  const answered = await patchWeb({ spec: { strategy: own, replicas: 2 } });
  expect(strategyOf(answered)).toBe(JSON.stringify({ type: "Recreate" }));
  await waitForPods(
    client,
    { namespace: NAMESPACE, selector: "app=web", timeoutMs: TIMEOUT_MS },
    (pods) => pods.length === 2,
  );
  expect((await stand.readRestore("contested")).status?.phase).toBe("Running");
  expect((await stand.waitForEnd("contested", TIMEOUT_MS)).status?.phase).toBe("Succeeded");
  const web = await eventually(readWeb, (at) => keptOf(at) === undefined, TIMEOUT_MS);
  expect(valueAt(web, "spec", "strategy")).toEqual(own);
  await patchWeb({ spec: { strategy: STRATEGY, replicas: 1 } });
  await waitForWeb();
});

describe("D3: OldPodsRunning", () => {
  test("D3: another Deployment that mounts the claim is named, and the restore goes on when it is scaled down", async () => {
    const { client, marks } = stand;
    await stand.apply(
      writerManifest({ kind: "Deployment", name: "other", namespace: NAMESPACE, marks, source: CLAIM }),
    );
    const [other] = await waitForReadyPods(client, NAMESPACE, "app=other", 1, TIMEOUT_MS);
    await rm(join(data, "big"));
    await restore("beside", WEB);
    const held = await stand.waitForRestore("beside", isTold);
    const message = `pod ${other?.name} mounts claim web-files (next: scale Deployment ${NAMESPACE}/other to 0 until the restore has ended)`;
    expect(held.status?.members?.[0]).toMatchObject({ reason: "OldPodsRunning", message });
    expect(held.status).toMatchObject({ phase: "Running", reason: "OldPodsRunning", message: `web: ${message}` });
    // It waits as long as the pod runs.
    await stays(async () => hostOf(await stand.readRestore("beside"))?.podUID, undefined, 3_000);
    expect(await madeAtMs("big")).toBeUndefined();
    const scale = { kind: "merge", body: { spec: { replicas: 0 } } } as const;
    await client.patch(KUBERNETES.Deployment, NAMESPACE, "other", scale, asIs);
    const { status } = await stand.waitForEnd("beside", TIMEOUT_MS);
    expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
    const lastWrite = await stat(join(marks, other?.name ?? "nobody"));
    expect(lastWrite.mtimeMs).toBeLessThan((await madeAtMs("big")) ?? 0);
    await waitForWeb();
  });

  test("D3: a paused Deployment is told to resume", async () => {
    const [old] = await waitForWeb();
    await patchWeb({ spec: { paused: true } });
    await restore("paused", WEB);
    const held = await stand.waitForRestore("paused", isTold);
    expect(held.status?.message).toContain(
      `is paused, so pod ${old?.name} runs on (next: kubectl -n ${NAMESPACE} rollout`,
    );
    await patchWeb({ spec: { paused: false } });
    expect((await stand.waitForEnd("paused", TIMEOUT_MS)).status?.phase).toBe("Succeeded");
    await waitForWeb();
  });

  test("D3: the surge of a DaemonSet waits until the old pod of its node is deleted", async () => {
    const { client } = stand;
    const old = await listPods(client, NAMESPACE, "app=agents");
    await restore("surge", AGENTS);
    const held = await stand.waitForRestore("surge", isTold);
    expect(held.status?.message).toMatch(
      /^agents: pod agents-\w+ mounts folder .* \(next: delete them; those that follow/,
    );
    for (const { name } of old) await client.delete(KUBERNETES.Pod, NAMESPACE, name);
    const { status } = await stand.waitForEnd("surge", TIMEOUT_MS);
    expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
  });

  test("D3: a StatefulSet whose pods share one claim is not restored beside its other pods", async () => {
    const { client } = stand;
    await restore("shared", SHARED);
    const held = await stand.waitForRestore("shared", isTold);
    expect(held.status?.message).toMatch(
      /^shared: pod shared-0 mounts claim shared-files \(next: its pods share a volume: restore/,
    );
    // As the message says: with one replica.
    await client.delete(KINDS.RestoreBatch, NAMESPACE, "shared");
    const one = { kind: "merge", body: { spec: { replicas: 1 } } } as const;
    await client.patch(KUBERNETES.StatefulSet, NAMESPACE, "shared", one, asIs);
    await waitForReadyPods(client, NAMESPACE, "app=shared", 1, TIMEOUT_MS);
    await restore("shared-again", SHARED);
    const { status } = await stand.waitForEnd("shared-again", TIMEOUT_MS);
    expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
  });
});

describe("where the server is asked match conditions before the webhook", () => {
  /** Sets the conditions of an installation on a newer server, or takes them away. */
  async function setConditions(op: "add" | "remove"): Promise<void> {
    const { client } = stand;
    const wanted = buildMutatingConfiguration({ address: INSTALLED_ADDRESS, serverMinor: 30 });
    const present = await client.get(KUBERNETES.MutatingWebhookConfiguration, undefined, wanted.metadata.name, asIs);
    const operations = listAt(present, "webhooks").flatMap((webhook, index): JsonPatchOperation[] => {
      const same = wanted.webhooks.find(({ name }) => name === textAt(webhook, "name"));
      const value = valueAt(same, "matchConditions");
      const path = `/webhooks/${index}/matchConditions`;
      if (value === undefined) return [];
      return [op === "add" ? { op, path, value } : { op, path }];
    });
    expect(operations.length).toBe(2);
    const patch = { kind: "json", operations } as const;
    await client.patch(KUBERNETES.MutatingWebhookConfiguration, undefined, wanted.metadata.name, patch, asIs);
    // API servers learn of a configuration within a second.
    await sleep(2_000);
  }

  beforeAll(() => setConditions("add"));
  afterAll(() => setConditions("remove"));

  test("D3: the request that changes nothing reaches it, and the strategy is back", async () => {
    const before = strategyOf(await readWeb());
    await restore("conditioned", WEB, SLOWLY);
    await stand.waitForRestore("conditioned", isRestoring);
    const answered = await patchWeb({ spec: { strategy: STRATEGY } });
    expect(strategyOf(answered)).toBe(JSON.stringify({ type: "Recreate" }));
    expect((await stand.waitForEnd("conditioned", TIMEOUT_MS)).status?.phase).toBe("Succeeded");
    await expectStrategyBack(before);
    await waitForWeb();
  });

  test("workloads without a field for a strategy reach it too", async () => {
    const { client } = stand;
    const changed = (body: unknown) =>
      client.patch(KUBERNETES.DaemonSet, NAMESPACE, "agents", { kind: "merge", body }, asIs, { dryRun: true });
    const optedOut = await changed({ metadata: { annotations: { "stash.appscode.com/inject": "disabled" } } });
    expect(JSON.stringify(valueAt(optedOut, "spec", "template"))).not.toContain("run-backup");
  });
});

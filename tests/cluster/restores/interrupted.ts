/** Restores that are interrupted: their pod, the reconciler, or the restore itself goes in the middle. */
import { randomBytes } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parseHostRun } from "../../../shared/api/host-run.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../../shared/api/restore-batch.ts";
import { Label } from "../../../shared/contract.ts";
import { listAt, textAt } from "../../../shared/json/value.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import type { Resource } from "../../../shared/kube/resource.ts";
import { eventually } from "../../support/eventually.ts";
import { describeTree } from "../../support/files/tree.ts";
import { killContainer, overfill } from "../../support/node/containers.ts";
import { waitForContainer, waitForReadyPods } from "../../support/objects/pods.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";
import type { Installation } from "../../support/product/installed-cluster.ts";
import {
  batchManifest,
  partManifest,
  ROOM_BYTES,
  restoreManifest,
  restoreMember,
} from "../../support/restore/application.ts";
import { emptyFolder, openRestoreStand, type RestoreStand } from "../../support/restore/restore-stand.ts";

const EVENTS: Resource = { group: "", version: "v1", plural: "events", namespaced: true };

export function testInterruptions(cluster: () => Installation): void {
  const NAMESPACE = "restore-interrupted";
  const TIMEOUT_MS = 60_000;
  const BIG_BYTES = 16 * 1024 * 1024;
  /** restic's own brake, in KiB a second: the big file takes some two seconds. */
  const SLOWLY = ["--limit-download", "8192"];
  const VERY_SLOWLY = ["--limit-download", "2048"];
  /** Half a minute: a kubelet looks every 10 s at what its pods have written. */
  const UNTIL_EVICTED = ["--limit-download", "512"];
  const APP = { kind: "Deployment", name: "app" } as const;

  let stand: RestoreStand;
  let data: string;
  let saved: readonly string[];

  function hostOf({ status }: RestoreBatch) {
    return status?.members?.[0]?.stats?.[0];
  }

  function isRestoring(restore: RestoreBatch): boolean {
    return hostOf(restore)?.phase === "Running";
  }

  /** Termination message of the pod's init-container. */
  async function readLastWords(pod: string): Promise<string> {
    const found = await stand.client.get(KUBERNETES.Pod, NAMESPACE, pod, asIs);
    const [init] = listAt(found, "status", "initContainerStatuses");
    const [state, last] = ["state", "lastState"].map((at) => textAt(init, at, "terminated", "message"));
    return state ?? last ?? "";
  }

  async function destroy(): Promise<void> {
    await stand.deleteWorkloads(APP);
    await emptyFolder(data);
    await stand.clearMarks();
  }

  async function applyApp(): Promise<void> {
    await stand.apply(partManifest({ ...APP, namespace: NAMESPACE, marks: stand.marks, data }));
  }

  beforeAll(async () => {
    stand = await openRestoreStand(cluster(), NAMESPACE);
    data = await stand.makeFolder("data");
    await stand.apply(batchManifest(NAMESPACE, [APP]));
    await applyApp();
    await waitForContainer(stand.client, NAMESPACE, "app=app", "stash", 1, TIMEOUT_MS);
    await emptyFolder(data);
    await writeFile(join(data, "big"), randomBytes(BIG_BYTES));
    await writeFile(join(data, "small"), "small");
    saved = await describeTree(data);
    await stand.backUp("nightly-1");
  });

  test("a pod that is deleted or evicted in the middle of its restore is replaced by one that restores everything", async () => {
    const { client } = stand;
    const { nodes } = cluster();
    await destroy();
    await stand.apply(restoreManifest(NAMESPACE, "cut", [restoreMember(APP, { args: UNTIL_EVICTED })]));
    await applyApp();
    const begun = hostOf(await stand.waitForRestore("cut", isRestoring));
    await client.delete(KUBERNETES.Pod, NAMESPACE, begun?.pod ?? "", { gracePeriodSeconds: 0 });
    const again = hostOf(await stand.waitForRestore("cut", (at) => isRestoring(at) && hostOf(at)?.attempt === 2));
    await overfill(client, nodes, NAMESPACE, again?.pod ?? "", "room", 2 * ROOM_BYTES);
    const restore = await stand.waitForEnd("cut", 2 * TIMEOUT_MS);
    expect(restore.status, JSON.stringify(restore.status, null, 1)).toMatchObject({ phase: "Succeeded" });
    const host = hostOf(restore);
    const former = [begun, again].map((lost) => ({ pod: lost?.pod, podUID: lost?.podUID }));
    expect(host).toMatchObject({ attempt: 3, formerPods: former });
    expect(former.map(({ podUID }) => podUID)).not.toContain(host?.podUID);
    // An evicted pod stays as it is until somebody takes it away.
    await client.delete(KUBERNETES.Pod, NAMESPACE, again?.pod ?? "");
    await waitForReadyPods(client, NAMESPACE, "app=app", 1, TIMEOUT_MS);
    expect(await describeTree(data)).toEqual(saved);
    expect(await stand.readMarks("empty")).toEqual([]);
    expect(await stand.readMarks("started")).toHaveLength(1);
  });

  test("a restore that is deleted in the middle holds the pod with the next step; what follows that step starts", async () => {
    const { client } = stand;
    await destroy();
    await stand.apply(restoreManifest(NAMESPACE, "dropped", [restoreMember(APP, { args: VERY_SLOWLY })]));
    await applyApp();
    const pod = hostOf(await stand.waitForRestore("dropped", isRestoring))?.pod ?? "";
    await eventually(
      () => readdir(data),
      (names) => names.length > 0,
    );
    await client.delete(KINDS.RestoreBatch, NAMESPACE, "dropped");
    const said = await eventually(
      () => readLastWords(pod),
      (words) => words.includes("next:"),
    );
    expect(said).toContain(`RestoreBatch ${NAMESPACE}/dropped had begun to write the data of host app`);
    expect(said).toContain("delete this pod to start the application on what there is");
    expect(await stand.readMarks("started")).toEqual([]);
    const { items } = await client.list(EVENTS, NAMESPACE, (event) => textAt(event, "message") ?? "");
    expect(items.join()).toContain("deleted in the middle: the data of app of Deployment");
    await client.delete(KUBERNETES.Pod, NAMESPACE, pod, { gracePeriodSeconds: 0 });
    await waitForReadyPods(client, NAMESPACE, "app=app", 1, TIMEOUT_MS);
    expect(await stand.readMarks("started")).toHaveLength(1);
  });

  test("a reconciler that is killed in the middle of a restore carries it on when it is back, and so does the agent by itself", async () => {
    const { client, product, nodes } = cluster();
    await destroy();
    await stand.apply(restoreManifest(NAMESPACE, "headless", [restoreMember(APP, { args: SLOWLY })]));
    await applyApp();
    const begun = hostOf(await stand.waitForRestore("headless", isRestoring));
    await product.kill("reconciler");
    await killContainer(stand.client, nodes, NAMESPACE, begun?.pod ?? "", "stash-init");
    // Nobody writes the restore's status now; the agent's own report does not wait for that.
    await eventually(
      () => client.list(KINDS.HostRun, NAMESPACE, parseHostRun, { labelSelector: `${Label.PodUid}=${begun?.podUID}` }),
      ({ items }) => items.some(({ status }) => status?.phase === "Succeeded"),
    );
    await waitForReadyPods(stand.client, NAMESPACE, "app=app", 1, TIMEOUT_MS);
    await product.start("reconciler");
    const restore = await stand.waitForEnd("headless");
    expect(restore.status).toMatchObject({ phase: "Succeeded" });
    expect(hostOf(restore)).toMatchObject({ attempt: 1, podUID: begun?.podUID });
    expect(await describeTree(data)).toEqual(saved);
    expect(await stand.readMarks("started")).toHaveLength(1);
  });

  test("L40: of two restores of one target the second waits until the first has ended", async () => {
    await destroy();
    await stand.apply(restoreManifest(NAMESPACE, "first", [restoreMember(APP, { args: SLOWLY })]));
    await stand.apply(restoreManifest(NAMESPACE, "second", [restoreMember(APP)]));
    await applyApp();
    await stand.waitForRestore("first", isRestoring);
    const held = await stand.readRestore("second");
    expect(held.status?.members?.[0]).toMatchObject({
      phase: "Pending",
      reason: "OtherSessionRunning",
      message: `waits for RestoreBatch ${NAMESPACE}/first`,
    });
    const first = await stand.waitForEnd("first");
    const second = await stand.waitForEnd("second");
    expect([first.status?.phase, second.status?.phase]).toEqual(["Succeeded", "Succeeded"]);
    const startedAt = Date.parse(hostOf(second)?.startedAt ?? "");
    expect(startedAt).toBeGreaterThan(Date.parse(hostOf(first)?.finishedAt ?? ""));
    await waitForReadyPods(stand.client, NAMESPACE, "app=app", 1, TIMEOUT_MS);
    expect(await describeTree(data)).toEqual(saved);
    expect(await stand.readMarks("empty")).toEqual([]);
  });
}

/** Restores that fail, that are given up, and whose hooks fail. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KINDS } from "../../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../../shared/api/restore-batch.ts";
import { objectsAt } from "../../../shared/injection/workload.ts";
import { textAt } from "../../../shared/json/value.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import { eventually } from "../../support/eventually.ts";
import { describeTree } from "../../support/files/tree.ts";
import { listPods, waitForContainer, waitForPods, waitForReadyPods } from "../../support/objects/pods.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";
import type { Installation } from "../../support/product/installed-cluster.ts";
import { batchManifest, partManifest, restoreManifest, restoreMember } from "../../support/restore/application.ts";
import { emptyFolder, openRestoreStand, type RestoreStand } from "../../support/restore/restore-stand.ts";
import { type HookServer, startHookServer } from "../../support/session/batch-without-nodes.ts";

export function testFailures(cluster: () => Installation): void {
  const NAMESPACE = "restore-failures";
  const TIMEOUT_MS = 60_000;
  const APP = { kind: "Deployment", name: "app" } as const;

  let stand: RestoreStand;
  let hooks: HookServer;
  let data: string;
  let saved: readonly string[];

  function app() {
    return partManifest({ ...APP, namespace: NAMESPACE, marks: stand.marks, data });
  }

  async function waitUntilReady(): Promise<string> {
    const [pod] = await waitForReadyPods(stand.client, NAMESPACE, "app=app", 1, TIMEOUT_MS);
    return pod?.uid ?? "";
  }

  async function deleteRestore(name: string): Promise<void> {
    await stand.client.delete(KINDS.RestoreBatch, NAMESPACE, name);
  }

  /** Why pods are held, as `kubectl` shows it: the last state or message of their init-container. */
  async function waitForHold(): Promise<void> {
    const at = { namespace: NAMESPACE, selector: "app=app", timeoutMs: TIMEOUT_MS };
    await waitForPods(stand.client, at, (pods) =>
      pods.some(
        ({ phase, troubles }) => phase === "Pending" && troubles.some((text) => text.includes("PodInitializing")),
      ),
    );
  }

  beforeAll(async () => {
    stand = await openRestoreStand(cluster(), NAMESPACE);
    hooks = await startHookServer(cluster().gateway);
    data = await stand.makeFolder("data");
    await stand.apply(batchManifest(NAMESPACE, [APP]), app());
    await waitForContainer(stand.client, NAMESPACE, "app=app", "stash", 1, TIMEOUT_MS);
    await emptyFolder(data);
    await writeFile(join(data, "kept"), "kept");
    saved = await describeTree(data);
    await stand.backUp("nightly-1");
  });

  afterAll(async () => {
    await hooks?.stop();
  });

  describe("a failed restore", () => {
    const wrong = restoreMember(APP, { rules: [{ snapshots: ["0123abcd"] }] });

    beforeEach(async () => {
      await stand.deleteWorkloads(APP);
      await emptyFolder(data);
      await stand.clearMarks();
    });

    test("L37: holds the pod with the reason, whatever becomes of the pod, until another restore brings the data", async () => {
      await stand.apply(restoreManifest(NAMESPACE, "wrong", [wrong]), app());
      const failed = await stand.waitForEnd("wrong");
      const [host] = failed.status?.members?.[0]?.stats ?? [];
      expect(host).toMatchObject({ phase: "Failed", reason: "SNAPSHOT_NOT_FOUND" });
      expect(host?.error).toMatch(/0123abcd does not exist; there are [0-9a-f]{8} .* app \/data/);
      await waitForHold();
      const [held] = await listPods(stand.client, NAMESPACE, "app=app");
      await stand.client.delete(KUBERNETES.Pod, NAMESPACE, held?.name ?? "");
      const at = { namespace: NAMESPACE, selector: "app=app", timeoutMs: TIMEOUT_MS };
      await waitForPods(stand.client, at, (pods) => pods.length === 1 && pods[0]?.uid !== held?.uid);
      await waitForHold();
      const [next] = await listPods(stand.client, NAMESPACE, "app=app");
      const path = `/api/v1/namespaces/${NAMESPACE}/pods/${next?.name}/log`;
      // A container that is still to start has no log.
      const readLog = () => stand.client.read(path, { container: "stash-init" }).catch(() => "");
      await eventually(readLog, (log) => log.includes("0123abcd does not exist"), 10_000);
      expect(await stand.readMarks("started")).toEqual([]);
      expect(await describeTree(data)).toEqual([]);

      await stand.apply(restoreManifest(NAMESPACE, "right", [restoreMember(APP)]));
      expect((await stand.waitForEnd("right")).status).toMatchObject({ phase: "Succeeded" });
      await waitUntilReady();
      expect(await describeTree(data)).toEqual(saved);
      expect(await stand.readMarks("empty")).toEqual([]);
      await deleteRestore("wrong");
      await deleteRestore("right");
    });

    test("starts the application without its data only where it says onFailure: Start", async () => {
      await stand.apply(restoreManifest(NAMESPACE, "lenient", [wrong]), app());
      await stand.waitForEnd("lenient");
      await waitForHold();
      const body = { spec: { onFailure: "Start" } };
      await stand.client.patch(KINDS.RestoreBatch, NAMESPACE, "lenient", { kind: "merge", body }, asIs);
      await waitUntilReady();
      expect(await stand.readMarks("empty")).toHaveLength(1);
      await deleteRestore("lenient");
    });

    test("that is deleted while pods wait for it blocks them no longer", async () => {
      await stand.apply(
        restoreManifest(NAMESPACE, "given-up", [restoreMember(APP)], { repository: { name: "nowhere" } }),
        app(),
      );
      await waitForHold();
      expect((await stand.readRestore("given-up")).status?.conditions).toContainEqual(
        expect.objectContaining({ type: "RepositoryFound", status: "False" }),
      );
      await deleteRestore("given-up");
      await waitUntilReady();
      expect(await stand.readMarks("started")).toHaveLength(1);
    });
  });

  describe("hooks of a restore", () => {
    const hook = (path: string) => ({
      host: cluster().gateway,
      port: hooks.port,
      path,
      scheme: "HTTP",
      body: "{{ .Status.Phase }}",
    });

    beforeAll(async () => {
      await stand.apply(app());
      await waitUntilReady();
      await writeFile(join(data, "kept"), "changed since");
    });

    test("a failing global preRestore hook stops the restore before any data or workload is touched", async () => {
      const uid = await waitUntilReady();
      const before = await describeTree(data);
      const preRestore = { tcpSocket: { host: "127.0.0.1", port: 1 } };
      const postRestore = { httpPost: hook("/after-failure"), executionPolicy: "OnFailure" };
      await stand.apply(
        restoreManifest(NAMESPACE, "refused", [restoreMember(APP)], { hooks: { preRestore, postRestore } }),
      );
      const { status } = await stand.waitForEnd("refused");
      expect(status).toMatchObject({ phase: "Failed" });
      expect(status?.conditions).toContainEqual(
        expect.objectContaining({ type: "GlobalPreRestoreHookSucceeded", status: "False" }),
      );
      expect(status?.members?.[0]?.stats).toBeUndefined();
      expect(await describeTree(data)).toEqual(before);
      expect(await waitUntilReady()).toBe(uid);
      expect(hooks.calls).toEqual(["/after-failure Failed"]);
      await deleteRestore("refused");
    });

    test("L41: a failing preRestore hook of a member holds its pod before any data is touched; others follow their policies", async () => {
      const before = await describeTree(data);
      const preRestore = { exec: { command: ["sh", "-c", "exit 3"] }, containerName: "stash-init" };
      const members = [{ ...restoreMember(APP), hooks: { preRestore } }];
      const postRestore = { httpPost: hook("/after-success"), executionPolicy: "OnSuccess" };
      await stand.apply(restoreManifest(NAMESPACE, "unprepared", members, { hooks: { postRestore } }));
      const { status } = await stand.waitForEnd("unprepared");
      expect(status?.members?.[0]).toMatchObject({
        phase: "Failed",
        stats: [{ phase: "Failed", reason: "HOOK_FAILED" }],
      });
      expect(await describeTree(data)).toEqual(before);
      expect(hooks.calls).toHaveLength(1);
      await deleteRestore("unprepared");
    });

    test("hooks of a member run in the init-container before and in the started application after its restore", async () => {
      const preRestore = {
        exec: { command: ["sh", "-c", "cat /data/kept > /data/seen-before"] },
        containerName: "stash-init",
      };
      const command = ["sh", "-c", `echo "{{ .Status.Phase }} $(cat /data/kept)" > /marks/after`];
      const postRestore = { exec: { command }, containerName: "app", executionPolicy: "OnSuccess" };
      await stand.apply(
        restoreManifest(NAMESPACE, "prepared", [{ ...restoreMember(APP), hooks: { preRestore, postRestore } }]),
      );
      const { status } = await stand.waitForEnd("prepared");
      expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
      expect(await readFile(join(data, "seen-before"), "utf8")).toBe("changed since");
      expect(await readFile(join(stand.marks, "after"), "utf8")).toBe("Succeeded kept\n");
    });
  });

  test("a restore with retryConfig gives a host that failed its turn again, in the pod that waits for it", async () => {
    await waitUntilReady();
    await rm(join(data, "kept"));
    // A folder that holds something is nothing that a restore takes away.
    await mkdir(join(data, "kept"));
    await writeFile(join(data, "kept", "mine"), "mine");
    const retryConfig = { maxRetry: 1, delay: "3s" };
    await stand.apply(restoreManifest(NAMESPACE, "retried", [restoreMember(APP)], { retryConfig }));
    const hostOf = ({ status }: RestoreBatch) => status?.members?.[0]?.stats?.[0];
    const failed = await stand.waitForRestore("retried", (restore) => hostOf(restore)?.phase === "Failed");
    expect(failed.status).toMatchObject({ phase: "Running", reason: "RESTIC_FAILED" });
    await rm(join(data, "kept"), { recursive: true });
    const ended = await stand.waitForEnd("retried");
    expect(ended.status, JSON.stringify(ended.status, null, 1)).toMatchObject({ phase: "Succeeded", retries: 1 });
    expect(hostOf(ended)).toMatchObject({ attempt: 2, podUID: hostOf(failed)?.podUID });
    expect(await readFile(join(data, "kept"), "utf8")).toBe("kept");
  });

  describe("a finished restore", () => {
    test("L38: costs a new pod next to nothing, even when Repository and Secret are gone", async () => {
      const { client } = stand;
      await waitUntilReady();
      await client.delete(KINDS.BackupBatch, NAMESPACE, "nightly");
      await client.delete(KINDS.Repository, NAMESPACE, "store");
      await client.delete(KUBERNETES.Secret, NAMESPACE, "backend");
      const [old] = await waitForReadyPods(client, NAMESPACE, "app=app", 1, TIMEOUT_MS);
      await client.delete(KUBERNETES.Pod, NAMESPACE, old?.name ?? "");
      const at = { namespace: NAMESPACE, selector: "app=app", timeoutMs: TIMEOUT_MS };
      const [pod] = await waitForPods(
        client,
        at,
        (pods) => pods.length === 1 && pods[0]?.uid !== old?.uid && pods[0]?.isReady === true,
      );
      expect(pod?.containers).toContain("stash-init");
      const raw = await client.get(KUBERNETES.Pod, NAMESPACE, pod?.name ?? "", asIs);
      const init = objectsAt(raw, "status", "initContainerStatuses").find(
        (status) => textAt(status, "name") === "stash-init",
      );
      const at0 = Date.parse(textAt(init, "state", "terminated", "startedAt") ?? "");
      const tookMs = Date.parse(textAt(init, "state", "terminated", "finishedAt") ?? "") - at0;
      // The API server keeps whole seconds.
      expect(tookMs).toBeLessThanOrEqual(2_000);
    });
  });
}

/** Applications of two members that lost their data: running, made after their restore, and without their volume claims. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { KINDS } from "../../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../../shared/api/restore-session.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import { eventually } from "../../support/eventually.ts";
import { describeTree } from "../../support/files/tree.ts";
import { waitForContainer, waitForReadyPods } from "../../support/objects/pods.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";
import type { Installation } from "../../support/product/installed-cluster.ts";
import { batchManifest, partManifest, restoreManifest, restoreMember } from "../../support/restore/application.ts";
import { emptyFolder, openRestoreStand, type RestoreStand } from "../../support/restore/restore-stand.ts";

export function testApplication(cluster: () => Installation): void {
  const NAMESPACE = "restore-application";
  const TIMEOUT_MS = 90_000;
  const ORDINALS = [0, 1, 2];

  const DB = { kind: "StatefulSet", name: "db" } as const;
  const WEB = { kind: "Deployment", name: "web" } as const;
  const MEMBERS = [DB, WEB];

  let stand: RestoreStand;
  let shared: string;

  /** Folders of the application's data, by host. */
  async function folders(): Promise<readonly (readonly [string, string])[]> {
    const ofDb = await Promise.all(
      ORDINALS.map(async (ordinal) => [`db-${ordinal}`, await stand.folderOfClaim(`files-db-${ordinal}`)] as const),
    );
    return [...ofDb, ["web", shared]];
  }

  async function trees(): Promise<Readonly<Record<string, readonly string[]>>> {
    const entries = (await folders()).map(async ([host, folder]) => [host, await describeTree(folder)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  async function applyWorkloads(): Promise<void> {
    const { namespace, marks } = stand;
    await stand.apply(
      partManifest({ ...DB, namespace, marks, data: "", replicas: ORDINALS.length }),
      partManifest({ ...WEB, namespace, marks, data: shared, replicas: 2 }),
    );
  }

  async function waitUntilReady(): Promise<void> {
    const { client } = stand;
    await waitForReadyPods(client, NAMESPACE, "app=db", ORDINALS.length, TIMEOUT_MS);
    await waitForReadyPods(client, NAMESPACE, "app=web", 2, TIMEOUT_MS);
  }

  function hostsOf(restore: RestoreBatch, member: number) {
    return restore.status?.members?.[member]?.stats ?? [];
  }

  describe("an application of two members that lost all its data", () => {
    let before: Readonly<Record<string, readonly string[]>>;

    beforeAll(async () => {
      stand = await openRestoreStand(cluster(), NAMESPACE);
      shared = await stand.makeFolder("shared");
      const { client } = stand;
      await stand.apply(batchManifest(NAMESPACE, MEMBERS, { executionOrder: "Sequential" }));
      await applyWorkloads();
      await waitForContainer(client, NAMESPACE, "app=db", "stash", ORDINALS.length, TIMEOUT_MS);
      await waitForContainer(client, NAMESPACE, "app=web", "stash", 2, TIMEOUT_MS);
      for (const [host, folder] of await folders()) {
        await mkdir(join(folder, "below", host), { recursive: true });
        await writeFile(join(folder, "below", host, "own"), `data of ${host}`);
        await writeFile(join(folder, "random"), Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))));
      }
      before = await trees();
      await stand.backUp("nightly-1");
    });

    test("is running again with the same files: members in order, every ordinal, a shared volume once", async () => {
      for (const [, folder] of await folders()) await emptyFolder(folder);
      await stand.clearMarks();
      await stand.apply(
        restoreManifest(
          NAMESPACE,
          "back",
          MEMBERS.map((member) => restoreMember(member)),
          { executionOrder: "Sequential" },
        ),
      );
      const restore = await stand.waitForEnd("back", TIMEOUT_MS);
      expect(restore.status, JSON.stringify(restore.status, null, 1)).toMatchObject({ phase: "Succeeded" });
      await waitUntilReady();
      expect(await trees()).toEqual(before);
      // Nobody saw an empty volume.
      expect(await stand.readMarks("empty")).toEqual([]);

      expect(restore.status?.members).toMatchObject([
        { phase: "Succeeded", totalHosts: 3 },
        { phase: "Succeeded", totalHosts: 1 },
      ]);
      expect(hostsOf(restore, 0).map(({ hostname }) => hostname)).toEqual(["db-0", "db-1", "db-2"]);
      const [web] = hostsOf(restore, 1);
      expect(web).toMatchObject({ hostname: "web", phase: "Succeeded", attempt: 1, snapshots: [{ path: "/data" }] });
      const ends = hostsOf(restore, 0).map(({ finishedAt }) => Date.parse(finishedAt ?? ""));
      expect(Date.parse(web?.assignedAt ?? "")).toBeGreaterThanOrEqual(Math.floor(Math.max(...ends) / 1_000) * 1_000);
      expect(Date.parse(web?.startedAt ?? "")).toBeGreaterThan(Math.max(...ends));
    });
  });

  describe("workloads that are made after the restore", () => {
    test("get the init-container with their first pod, and never run without their data", async () => {
      const { client } = stand;
      const before = await trees();
      await stand.deleteWorkloads(...MEMBERS);
      for (const [, folder] of await folders()) await emptyFolder(folder);
      await stand.clearMarks();
      await stand.apply(
        restoreManifest(
          NAMESPACE,
          "early",
          MEMBERS.map((member) => restoreMember(member)),
          { executionOrder: "Sequential" },
        ),
      );
      const waiting = await stand.waitForRestore(
        "early",
        ({ status }) => status?.members?.[0]?.reason === "TargetNotAvailable",
      );
      expect(waiting.status?.members?.[0]?.message).toBe(`StatefulSet ${NAMESPACE}/db does not exist`);
      await applyWorkloads();
      const restore = await stand.waitForEnd("early", TIMEOUT_MS);
      expect(restore.status, JSON.stringify(restore.status, null, 1)).toMatchObject({ phase: "Succeeded" });
      await waitUntilReady();
      expect(await trees()).toEqual(before);
      expect(await stand.readMarks("empty")).toEqual([]);
      expect(await stand.readMarks("started")).toHaveLength(5);
      // One generation of the pod template alone: nothing was restarted to get it in.
      const owned = await client.list(KUBERNETES.ReplicaSet, NAMESPACE, asIs, { labelSelector: "app=web" });
      expect(owned.items).toHaveLength(1);
    });
  });

  describe("a StatefulSet whose volume claims are gone too", () => {
    const claimOf = (name: string) => ({
      metadata: { name: `${name}-\${POD_ORDINAL}` },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
    });

    async function restoreClaims(name: string) {
      await stand.apply({
        apiVersion: KINDS.RestoreSession.apiVersion,
        kind: "RestoreSession",
        metadata: { name, namespace: NAMESPACE },
        spec: {
          repository: { name: "store" },
          target: {
            alias: "db",
            replicas: ORDINALS.length,
            // The second claim holds nothing that was backed up, and counts for no host of its own.
            volumeClaimTemplates: [claimOf("files-db"), claimOf("extra-db")],
            volumeMounts: [
              { name: "files-db", mountPath: "/data" },
              { name: "extra-db", mountPath: "/extra" },
            ],
            rules: [{ paths: ["/data"] }],
          },
        },
      });
      const read = () => stand.client.get(KINDS.RestoreSession, NAMESPACE, name, parseRestoreSession);
      return eventually(read, ({ status }) => ["Succeeded", "Failed"].includes(status?.phase ?? ""), 30_000);
    }

    test("L44: finds them made anew with its data, one host an ordinal however many claims it has", async () => {
      const { client } = stand;
      const before = await trees();
      await stand.deleteWorkloads(DB);
      for (const ordinal of ORDINALS) {
        await client.delete(KUBERNETES.PersistentVolumeClaim, NAMESPACE, `files-db-${ordinal}`);
      }
      const listClaims = async () => (await client.list(KUBERNETES.PersistentVolumeClaim, NAMESPACE, asIs)).items;
      await eventually(listClaims, ({ length }) => length === 0, TIMEOUT_MS);
      await stand.clearMarks();
      const { status } = await restoreClaims("claims");
      expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded", totalHosts: 3 });
      expect(status?.stats?.map(({ hostname }) => hostname)).toEqual(["db-0", "db-1", "db-2"]);
      expect(await trees()).toEqual(before);
      await applyWorkloads();
      await waitUntilReady();
      expect(await trees()).toEqual(before);
      expect(await stand.readMarks("empty")).toEqual([]);
    });

    test("L45: a claim that is there already is not written into, and the restore says so", async () => {
      const before = await trees();
      const { status } = await restoreClaims("claims-again");
      expect(status?.phase).toBe("Failed");
      expect(status?.conditions).toContainEqual(
        expect.objectContaining({
          type: "RestoreExecutorEnsured",
          status: "False",
          message: expect.stringContaining("files-db-0 exists already"),
        }),
      );
      expect(await trees()).toEqual(before);
    });
  });
}

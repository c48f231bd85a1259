/** Recovery points: by session and by time, from the repository alone, and into another namespace. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { KINDS } from "../../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../../shared/api/restore-batch.ts";
import { textAt } from "../../../shared/json/value.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import { eventually } from "../../support/eventually.ts";
import { listPods, waitForContainer, waitForReadyPods } from "../../support/objects/pods.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";
import type { Installation } from "../../support/product/installed-cluster.ts";
import { batchManifest, partManifest, restoreManifest, restoreMember } from "../../support/restore/application.ts";
import { openRestoreStand, type RestoreStand } from "../../support/restore/restore-stand.ts";

export function testRecoveryPoints(cluster: () => Installation): void {
  const NAMESPACE = "restore-points";
  const COPY = "restore-points-copy";
  const TIMEOUT_MS = 60_000;
  const DB = { kind: "Deployment", name: "db" } as const;
  const WEB = { kind: "Deployment", name: "web" } as const;
  const MEMBERS = [DB, WEB];

  let stand: RestoreStand;
  const folders = new Map<string, string>();
  /** When each session was made, by name. */
  const madeAt = new Map<string, string>();

  function folderOf(name: string): string {
    return folders.get(name) ?? "";
  }

  async function writeVersion(version: string): Promise<void> {
    for (const [name, folder] of folders) await writeFile(join(folder, "version"), `${name} ${version}`);
  }

  function readVersions(): Promise<readonly string[]> {
    return Promise.all([...folders.values()].map((folder) => readFile(join(folder, "version"), "utf8")));
  }

  async function restore(name: string, choice: object): Promise<RestoreBatch> {
    await stand.apply(
      restoreManifest(
        NAMESPACE,
        name,
        MEMBERS.map((member) => restoreMember(member)),
        { ...choice },
      ),
    );
    const restored = await stand.waitForEnd(name);
    expect(restored.status, JSON.stringify(restored.status, null, 1)).toMatchObject({ phase: "Succeeded" });
    return restored;
  }

  function isInvalid({ status }: RestoreBatch): boolean {
    return status?.phase === "Invalid";
  }

  function whyInvalid({ status }: RestoreBatch) {
    return status?.conditions?.find(({ type }) => type === "ValidationPassed");
  }

  beforeAll(async () => {
    stand = await openRestoreStand(cluster(), NAMESPACE, { allowed: "All" });
    const { client, marks } = stand;
    for (const { name } of MEMBERS) folders.set(name, await stand.makeFolder(name));
    await stand.apply(batchManifest(NAMESPACE, MEMBERS));
    for (const member of MEMBERS) {
      await stand.apply(partManifest({ ...member, namespace: NAMESPACE, marks, data: folderOf(member.name) }));
    }
    for (const { name } of MEMBERS) {
      await waitForContainer(client, NAMESPACE, `app=${name}`, "stash", 1, TIMEOUT_MS);
    }
    for (const version of ["1", "2", "3"]) {
      await writeVersion(version);
      // The second point has nothing of the second member.
      if (version === "2") await stand.apply(batchManifest(NAMESPACE, [DB]));
      const { metadata } = await stand.backUp(`point-${version}`);
      if (version === "2") await stand.apply(batchManifest(NAMESPACE, MEMBERS));
      madeAt.set(metadata.name, metadata.creationTimestamp ?? "");
    }
    await writeVersion("now");
  });

  describe("with three recovery points, of which the second lacks a member", () => {
    test("spec.session that names the incomplete one is refused with what is missing and what there is", async () => {
      // The pods of the last rollout are gone: what is there now is what must stay.
      const before = await eventually(
        () => listPods(stand.client, NAMESPACE, "app"),
        (pods) => pods.length === MEMBERS.length && pods.every(({ isReady }) => isReady),
      );
      const members = MEMBERS.map((member) => restoreMember(member));
      await stand.apply(restoreManifest(NAMESPACE, "to-2", members, { session: "point-2" }));
      const why = whyInvalid(await stand.waitForRestore("to-2", isInvalid));
      expect(why).toMatchObject({ status: "False", reason: "RecoveryPointMissing" });
      expect(why?.message).toContain("BackupSession point-2 did not save web; there are point-3 of ");
      expect(why?.message).toContain(", point-1 of ");
      expect(await readVersions()).toEqual(["db now", "web now"]);
      const after = await listPods(stand.client, NAMESPACE, "app");
      expect(after.map(({ uid }) => uid)).toEqual(before.map(({ uid }) => uid));
      await stand.client.delete(KINDS.RestoreBatch, NAMESPACE, "to-2");
    });

    test("a repository that can't be read is told, and nothing is touched", async () => {
      const meta = (name: string) => ({ name, namespace: NAMESPACE });
      const local = { mountPath: "/safe/repository", hostPath: { path: stand.repository, type: "Directory" } };
      await stand.apply(
        { apiVersion: "v1", kind: "Secret", metadata: meta("wrong"), stringData: { RESTIC_PASSWORD: "wrong" } },
        {
          apiVersion: KINDS.Repository.apiVersion,
          kind: "Repository",
          metadata: meta("closed"),
          spec: { backend: { storageSecretName: "wrong", local } },
        },
        restoreManifest(NAMESPACE, "closed", [restoreMember(DB)], {
          repository: { name: "closed" },
          asOf: madeAt.get("point-3"),
        }),
      );
      const { status } = await stand.waitForRestore("closed", isInvalid);
      expect(status).toMatchObject({ reason: "RecoveryPointMissing" });
      expect(status?.message).toContain("the look for recovery points failed");
      expect(status?.message).toContain("REPOSITORY_WRONG_PASSWORD");
      expect(await readVersions()).toEqual(["db now", "web now"]);
      await stand.client.delete(KINDS.RestoreBatch, NAMESPACE, "closed");
    });

    test("the newest is taken from its session, and no job looks into the repository", async () => {
      const listJobs = async () => {
        const { items } = await stand.client.list(KUBERNETES.Event, NAMESPACE, asIs);
        const made = items.filter((event) => textAt(event, "involvedObject", "kind") === "Job");
        return [...new Set(made.map((event) => textAt(event, "involvedObject", "uid")))].sort();
      };
      const before = await listJobs();
      const { status } = await restore("newest", { asOf: new Date().toISOString() });
      expect(status?.recoveryPoint?.session).toBe("point-3");
      expect(await listJobs()).toEqual(before);
      expect(await readVersions()).toEqual(["db 3", "web 3"]);
    });

    test("asOf the second takes both members back to the first, from the repository alone: no BackupSession is left", async () => {
      for (const name of madeAt.keys()) await stand.client.delete(KINDS.BackupSession, NAMESPACE, name);
      const { status } = await restore("as-of-2", { asOf: madeAt.get("point-2") });
      expect(status?.recoveryPoint).toMatchObject({ session: "point-1", time: madeAt.get("point-1") });
      expect(status?.recoveryPoint?.snapshots).toHaveLength(2);
      expect(status?.pointSearch).toBeUndefined();
      expect(await readVersions()).toEqual(["db 1", "web 1"]);
    });

    test("spec.session takes them to the one that it names", async () => {
      const { status } = await restore("to-3", { session: "point-3" });
      expect(status?.recoveryPoint?.session).toBe("point-3");
      const wanted = status?.recoveryPoint?.snapshots?.map(({ id }) => id).sort();
      const read = status?.members?.flatMap(({ stats }) => stats ?? []).flatMap(({ snapshots }) => snapshots ?? []);
      expect(read?.map(({ id }) => id).sort()).toEqual(wanted);
      expect(await readVersions()).toEqual(["db 3", "web 3"]);
    });
  });

  describe("in another namespace", () => {
    const from = { name: "store", namespace: NAMESPACE };
    const SHOP = { kind: "Deployment", name: "shop" } as const;

    async function listCopies(): Promise<readonly string[]> {
      const { items } = await stand.client.list(KUBERNETES.Secret, COPY, asIs, {
        labelSelector: `stash.appscode.com/copied-from-namespace=${NAMESPACE}`,
      });
      return items.map((item) => textAt(item, "metadata", "name") ?? "");
    }

    test("a workload of another name gets the data of the host that its rule names, with a copy of the Secret for as long as it is needed", async () => {
      const copy = await openRestoreStand(cluster(), COPY, { repository: stand.repository });
      const { client } = copy;
      const data = await copy.makeFolder("shop");
      await client.delete(KINDS.Repository, COPY, "store");
      await client.delete(KUBERNETES.Secret, COPY, "backend");
      const rules = [{ sourceHost: "web", paths: ["/data"] }];
      const repository = { repository: from };
      await copy.apply(
        restoreManifest(COPY, "move", [restoreMember(SHOP, { rules })], { ...repository, session: "point-1" }),
        partManifest({ ...SHOP, namespace: COPY, marks: copy.marks, data }),
      );
      const { status } = await copy.waitForEnd("move");
      expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
      await waitForReadyPods(client, COPY, "app=shop", 1, TIMEOUT_MS);
      expect(await readFile(join(data, "version"), "utf8")).toBe("web 1");
      expect(await copy.readMarks("empty")).toEqual([]);
      expect(await listCopies()).toHaveLength(1);
      await client.delete(KINDS.RestoreBatch, COPY, "move");
      await eventually(listCopies, ({ length }) => length === 0, 15_000);
    });

    test("L50: nothing is restored once the Repository's usagePolicy does not allow it", async () => {
      const { client } = stand;
      const body = { spec: { usagePolicy: { allowedNamespaces: { from: "Same" } } } };
      await client.patch(KINDS.Repository, NAMESPACE, "store", { kind: "merge", body }, asIs);
      const denied = restoreManifest(COPY, "denied", [restoreMember(SHOP)], { repository: from });
      const attempt = () =>
        stand.apply(denied).then(
          async () => {
            await client.delete(KINDS.RestoreBatch, COPY, "denied");
            return "";
          },
          (error: unknown) => String(error),
        );
      // The webhook learns of the change a moment later.
      const refusal = await eventually(attempt, (text) => text !== "", 10_000);
      expect(refusal).toContain(NAMESPACE);
    });
  });
}

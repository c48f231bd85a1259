/** What tests of restores do with the whole product: back up, look, destroy, restore, and wait for what is to come. */
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BackupSession } from "../../../shared/api/backup-session.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../shared/api/restore-batch.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { eventually } from "../eventually.ts";
import { applyManifests, type Manifest } from "../objects/apply.ts";
import { folderOfClaim } from "../objects/claims.ts";
import { followOne } from "../objects/follow.ts";
import { listPods, waitForPods } from "../objects/pods.ts";
import { KUBERNETES } from "../objects/resources.ts";
import type { Installation } from "../product/installed-cluster.ts";
import { bareRestic } from "../restic/bare-restic.ts";
import { writeEmptyRepository } from "../restic/empty-repository.ts";
import { untilSession } from "../session/batch-without-nodes.ts";
import { STORAGE_PASSWORD, storageManifests } from "./application.ts";

const TIMEOUT_MS = 60_000;

export interface RestoreStand {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Folder of the restic repository. */
  readonly repository: string;
  /** Folder in which the applications note their starts. */
  readonly marks: string;
  /** Makes a folder of that name for data, open to all. */
  makeFolder(name: string): Promise<string>;
  apply(...manifests: readonly Manifest[]): Promise<void>;
  /** Folder of this machine behind a claim. */
  folderOfClaim(claim: string): Promise<string>;
  /** Lines that the applications wrote into a file of `marks`, sorted. */
  readMarks(file: "started" | "empty"): Promise<readonly string[]>;
  clearMarks(): Promise<void>;
  /** Runs a session of BackupBatch `nightly` to its end. */
  backUp(session: string): Promise<BackupSession>;
  readRestore(name: string): Promise<RestoreBatch>;
  /** Waits for a RestoreBatch. @throws Error with its status when time runs out */
  waitForRestore(
    name: string,
    isAsWanted: (restore: RestoreBatch) => boolean,
    timeoutMs?: number,
  ): Promise<RestoreBatch>;
  /** Waits until `MetricsPushed`: nothing more comes. */
  waitForEnd(name: string, timeoutMs?: number): Promise<RestoreBatch>;
  /** Deletes workloads and waits until the pods are gone. */
  deleteWorkloads(
    ...workloads: readonly { readonly kind: "Deployment" | "StatefulSet"; readonly name: string }[]
  ): Promise<void>;
  restic(...args: readonly string[]): string;
}

export function isEnded({ status }: RestoreBatch): boolean {
  return ["Succeeded", "Failed", "Unknown"].includes(status?.phase ?? "");
}

/** Makes the namespace with a Repository, and folders for it below that of the cluster. */
export async function openRestoreStand(
  { client, dir }: Pick<Installation, "client" | "dir">,
  namespace: string,
  storage: { readonly repository?: string; readonly allowed?: "All" | "Same" } = {},
): Promise<RestoreStand> {
  const home = join(dir, namespace);
  async function makeFolder(name: string): Promise<string> {
    const folder = join(home, name);
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o777);
    return folder;
  }
  await makeFolder(".");
  const marks = await makeFolder("marks");
  const repository = storage.repository ?? (await makeFolder("repository"));
  if (storage.repository === undefined) writeEmptyRepository(repository, STORAGE_PASSWORD);
  await applyManifests(client, storageManifests({ namespace, ...storage, repository }));

  const readRestore = (name: string) => client.get(KINDS.RestoreBatch, namespace, name, parseRestoreBatch);

  function waitForRestore(name: string, isAsWanted: (restore: RestoreBatch) => boolean, timeoutMs = TIMEOUT_MS) {
    const isThere = (found?: RestoreBatch): found is RestoreBatch => found !== undefined && isAsWanted(found);
    return followOne(client, KINDS.RestoreBatch, namespace, name, parseRestoreBatch, (read) =>
      eventually(read, isThere, timeoutMs),
    );
  }

  return {
    client,
    namespace,
    repository,
    marks,
    makeFolder,
    apply: (...manifests) => applyManifests(client, manifests),
    folderOfClaim: (claim) => folderOfClaim(client, namespace, claim),
    async readMarks(file) {
      const text = await readFile(join(marks, file), "utf8").catch(() => "");
      return text.split("\n").filter(Boolean).sort();
    },
    async clearMarks() {
      for (const file of ["started", "empty"]) await rm(join(marks, file), { force: true });
    },
    async backUp(name) {
      const invoker = { apiGroup: "stash.appscode.com", kind: "BackupBatch", name: "nightly" };
      const { apiVersion } = KINDS.BackupSession;
      const body = { apiVersion, kind: "BackupSession", metadata: { name, namespace }, spec: { invoker } };
      await client.create(KINDS.BackupSession, namespace, body, asIs);
      const session = await untilSession(client, namespace, name, TIMEOUT_MS);
      if (session.status?.phase !== "Succeeded") {
        throw new Error(`BackupSession ${name}: ${JSON.stringify(session.status, null, 1)}`);
      }
      return session;
    },
    readRestore,
    waitForRestore,
    waitForEnd: (name, timeoutMs) => waitForRestore(name, isEnded, timeoutMs),
    async deleteWorkloads(...workloads) {
      for (const { kind, name } of workloads) await client.delete(KUBERNETES[kind], namespace, name);
      for (const { name } of workloads) {
        const at = { namespace, selector: `app=${name}`, timeoutMs: TIMEOUT_MS };
        await waitForPods(client, at, (pods) => pods.length === 0);
      }
    },
    restic: bareRestic(repository, STORAGE_PASSWORD).run,
  };
}

/** Removes everything in a folder, but not the folder. */
export async function emptyFolder(folder: string): Promise<void> {
  execFileSync("find", [folder, "-mindepth", "1", "-delete"]);
}

/** What the pods of a workload wait for or ended with. */
export async function troublesOf({ client, namespace }: RestoreStand, selector: string): Promise<readonly string[]> {
  const pods = await listPods(client, namespace, selector);
  return pods.flatMap(({ troubles }) => troubles);
}

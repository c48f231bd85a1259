/**
 * The application of bench/soak.ts, whose data lies on this machine: a Deployment that rolls and a StatefulSet of two in one batch
 * with hooks, and a Deployment that is backed up every other minute by its schedule.
 */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { listAt, textAt } from "../shared/json/value.ts";
import { asIs } from "../shared/kube/client/interface.ts";
import { waitForContainer } from "../tests/support/objects/pods.ts";
import { KUBERNETES } from "../tests/support/objects/resources.ts";
import { type InstalledCluster, startInstalledCluster } from "../tests/support/product/installed-cluster.ts";
import { batchManifest, partManifest } from "../tests/support/restore/application.ts";
import { openRestoreStand, type RestoreStand } from "../tests/support/restore/restore-stand.ts";

export const SOAK_NAMESPACE = "soak";
export const MEMBERS = [
  { kind: "Deployment", name: "web" },
  { kind: "StatefulSet", name: "db" },
] as const;
/** Backed up by its schedule; its data never changes. */
export const STILL = { kind: "Deployment", name: "still" } as const;
/** Seconds between two due times of it. */
export const STILL_PERIOD_S = 120;
/** Recovery points that the batch keeps. */
export const KEPT = 3;
/** A container that was killed a few times is started again after five minutes. */
const READY_MS = 600_000;
/** What the init-container says of data that a restore left half written when it was deleted. */
const HELD = "or delete this pod to start the application on what there is";

export interface SoakStage {
  readonly cluster: InstalledCluster;
  readonly stand: RestoreStand;
  /** Folder of each host of the batch, by its name. */
  readonly folders: ReadonlyMap<string, string>;
  readonly stillFolder: string;
  /** Empty folder for what is only looked at. */
  readonly scratch: string;
  /** How often the hooks of `web` ran since they were forgotten. */
  hookRuns(): Promise<{ readonly before: number; readonly after: number }>;
  forgetHookRuns(): Promise<void>;
  /** Deletes the pods whose init-container says that this is the next step. @returns their names */
  deleteHeld(): Promise<readonly string[]>;
  untilReady(): Promise<void>;
}

const exec = (line: string) => ({ containerName: "app", exec: { command: ["sh", "-c", line] } });

function configuration() {
  const { kind, name } = STILL;
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { name, namespace: SOAK_NAMESPACE },
    spec: {
      schedule: "*/2 * * * *",
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 2, prune: true },
      // Enough for whoever looks at them every few seconds.
      backupHistoryLimit: 6,
      target: {
        alias: name,
        ref: { apiVersion: "apps/v1", kind, name },
        volumeMounts: [{ name: "files", mountPath: "/data" }],
        paths: ["/data"],
      },
    },
  };
}

export async function startSoakStage(): Promise<SoakStage> {
  const cluster = await startInstalledCluster({ nodeNames: ["node-a"], images: { "app:1": {} } });
  try {
    const stand = await openRestoreStand(cluster, SOAK_NAMESPACE);
    const { client, marks } = stand;
    const [web, stillFolder] = [await stand.makeFolder("web"), await stand.makeFolder("still")];
    const part = { namespace: SOAK_NAMESPACE, marks };
    await stand.apply(
      partManifest({ ...part, ...MEMBERS[0], data: web }),
      partManifest({ ...part, ...MEMBERS[1], data: "", replicas: 2 }),
      partManifest({ ...part, ...STILL, data: stillFolder }),
      withHooks(
        batchManifest(SOAK_NAMESPACE, MEMBERS, { retentionPolicy: { name: "keep", keepLast: KEPT, prune: true } }),
      ),
      configuration(),
    );
    const untilReady = async () => {
      for (const [name, pods] of [
        [MEMBERS[0].name, 1] as const,
        [MEMBERS[1].name, 2] as const,
        [STILL.name, 1] as const,
      ]) {
        await waitForContainer(client, SOAK_NAMESPACE, `app=${name}`, "stash", pods, READY_MS);
      }
    };
    await untilReady();
    const claims = ["db-0", "db-1"].map(async (pod) => [pod, await stand.folderOfClaim(`files-${pod}`)] as const);
    const scratch = join(cluster.dir, "compared");
    await mkdir(scratch);
    const linesOf = async (file: string) => {
      const text = await readFile(join(marks, file), "utf8").catch(() => "");
      return text.split("\n").filter(Boolean).length;
    };
    return {
      cluster,
      stand,
      folders: new Map([["web", web], ...(await Promise.all(claims))]),
      stillFolder,
      scratch,
      hookRuns: async () => ({ before: await linesOf("before"), after: await linesOf("after") }),
      async forgetHookRuns() {
        for (const file of ["before", "after"]) await rm(join(marks, file), { force: true });
      },
      async deleteHeld() {
        const { items } = await client.list(KUBERNETES.Pod, SOAK_NAMESPACE, asIs);
        const held = items.filter((pod) => wordsOf(pod).some((words) => words.includes(HELD)));
        const names = held.map((pod) => textAt(pod, "metadata", "name") ?? "");
        for (const name of names) await client.delete(KUBERNETES.Pod, SOAK_NAMESPACE, name);
        return names;
      },
      untilReady,
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** The last words of a pod's init-containers. */
function wordsOf(pod: unknown): readonly string[] {
  return listAt(pod, "status", "initContainerStatuses").flatMap((container) =>
    ["state", "lastState"].flatMap((state) => textAt(container, state, "terminated", "message") ?? []),
  );
}

type BatchManifest = ReturnType<typeof batchManifest>;

/** Hooks of the first member, which leave a line each. */
function withHooks(batch: BatchManifest): BatchManifest {
  const spec: object = Object(batch["spec"]);
  const members: readonly object[] = "members" in spec && Array.isArray(spec.members) ? spec.members : [];
  const hooks = { preBackup: exec("echo x >>/marks/before"), postBackup: exec("echo x >>/marks/after") };
  return {
    ...batch,
    spec: { ...spec, members: members.map((member, at) => (at === 0 ? { ...member, hooks } : member)) },
  };
}

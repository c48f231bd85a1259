/** Databases and a volume in pods on the shared control plane, with the whole product beside them, for a file of tests. */
import { readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, inject } from "vitest";
import type { BackupSession } from "../../../shared/api/backup-session.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../shared/api/restore-batch.ts";
import { parseRestoreSession, type RestoreSession } from "../../../shared/api/restore-session.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client.ts";
import { findConnection } from "../../../shared/kube/connect.ts";
import { createPodExec, type PodExec } from "../../../shared/kube/exec.ts";
import { textAt } from "../../../shared/kube/json-value.ts";
import { isFinalRestorePhase } from "../../../shared/status/restore-phase.ts";
import { applyFile, applyManifests, parseManifests } from "../objects/apply.ts";
import { waitForReadyPods } from "../objects/pods.ts";
import { KUBERNETES } from "../objects/resources.ts";
import type { Installation } from "../product/installed-cluster.ts";
import { useProduct } from "../product/product-cluster.ts";
import { untilSession } from "../session/batch-without-nodes.ts";
import { DATABASE_IMAGES, jobsManifest } from "./manifests.ts";

const END_MS = 120_000;
const CATALOGUE = resolve(import.meta.dirname, "../../../manifests/catalog");

/** Reference to an AppBinding, in YAML's short form and without its name. */
export const BINDING = "apiVersion: appcatalog.appscode.com/v1alpha1, kind: AppBinding";

export interface JobStand {
  readonly product: Installation;
  readonly client: KubeClient;
  readonly namespace: string;
  /** Folder of the restic repository. */
  readonly repository: string;
  apply(text: string): Promise<void>;
  /** Runs a script in a container of the app's pod. @throws Error with its words when it fails */
  run(app: string, container: string, script: string): Promise<string>;
  maria(sql: string): Promise<string>;
  postgres(sql: string, database?: string): Promise<string>;
  /** Makes a BackupBatch and waits until it is ready. @param members lines of `spec.members` */
  makeBatch(name: string, members: string, spec?: string): Promise<void>;
  /** Starts a session `<batch>-1`. */
  begin(batch: string): Promise<void>;
  untilEnd(batch: string): Promise<NonNullable<BackupSession["status"]>>;
  backUp(batch: string): Promise<NonNullable<BackupSession["status"]>>;
  /** Runs a session `<configuration>-1`, and waits for its end. */
  backUpConfiguration(configuration: string): Promise<NonNullable<BackupSession["status"]>>;
  untilRestored(kind: "RestoreBatch" | "RestoreSession", name: string): Promise<RestoreBatch | RestoreSession>;
}

/** @param namespace that the file has for itself; also part of its node's name */
export function useJobStand(namespace: string): () => JobStand {
  const product = useProduct({
    nodes: [`${namespace}-node`],
    images: DATABASE_IMAGES,
    reconcilerFlags: ["--pod-wait=15s"],
  });
  let stand: JobStand | undefined;

  beforeAll(async () => {
    const exec = createPodExec({ connection: await findConnection({ env: {}, kubeconfigPath: inject("kubeconfig") }) });
    const made = createStand(product(), namespace, exec);
    await mkdir(made.repository);
    for (const file of readdirSync(CATALOGUE)) {
      if (file !== "kustomization.yaml") await applyFile(made.client, join(CATALOGUE, file));
    }
    await made.apply(jobsManifest(namespace, made.repository));
    await Promise.all(
      ["mariadb", "postgres", "keeper"].map((app) => waitForReadyPods(made.client, namespace, `app=${app}`, 1, 90_000)),
    );
    await fill(made);
    stand = made;
  }, 240_000);

  afterAll(async () => {
    await stand?.client.delete(KUBERNETES.Namespace, undefined, namespace);
  });

  return () => {
    if (stand === undefined) throw new Error("the stand has not started");
    return stand;
  };
}

const BYTES = "0001FF27";

async function fill({ maria, postgres, run }: JobStand): Promise<void> {
  await maria(
    `CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop; CREATE TABLE item (id INT PRIMARY KEY, name TEXT, raw BLOB);
     INSERT INTO item VALUES (1, 'naïve 🦆', UNHEX('${BYTES}')), (2, NULL, NULL);`,
  );
  await postgres("CREATE DATABASE shop");
  await postgres(
    `CREATE TABLE item (id int PRIMARY KEY, name text, raw bytea);
     INSERT INTO item VALUES (1, 'naïve 🦆', decode('${BYTES}', 'hex')), (2, NULL, NULL)`,
    "shop",
  );
  await run("keeper", "keeper", "mkdir /files/sub && printf one >/files/sub/a && printf two >'/files/with blank'");
}

function createStand(product: Installation, namespace: string, exec: PodExec): JobStand {
  const { client, dir } = product;

  async function run(app: string, container: string, script: string): Promise<string> {
    const [pod] = await waitForReadyPods(client, namespace, `app=${app}`, 1, 60_000);
    const command = ["bash", "-c", script];
    const result = await exec({ namespace, pod: pod?.name ?? "", container, command, timeoutMs: 30_000 });
    if (result.end.kind === "timedOut" || result.end.exitCode !== 0) throw new Error(`${script}: ${result.stderr}`);
    return result.stdout;
  }

  async function apply(text: string): Promise<void> {
    await applyManifests(client, parseManifests(text));
  }

  async function begin(invoker: string, kind = "BackupBatch"): Promise<void> {
    await client.create(
      KINDS.BackupSession,
      namespace,
      {
        apiVersion: KINDS.BackupSession.apiVersion,
        kind: "BackupSession",
        metadata: { name: `${invoker}-1`, namespace },
        spec: { invoker: { apiGroup: KINDS.BackupSession.group, kind, name: invoker } },
      },
      asIs,
    );
  }

  async function untilEnd(batch: string): Promise<NonNullable<BackupSession["status"]>> {
    return (await untilSession(client, namespace, `${batch}-1`, END_MS)).status ?? {};
  }

  return {
    product,
    client,
    namespace,
    repository: join(dir, "repository"),
    apply,
    run,
    maria: (sql) =>
      run(
        "mariadb",
        "server",
        `mariadb --no-defaults --socket=/data/s.sock --user=root --batch --raw <<'SQL'\n${sql}\nSQL`,
      ),
    postgres: (sql, database = "postgres") =>
      run(
        "postgres",
        "server",
        `psql -X -q -A -t -v ON_ERROR_STOP=1 -h /data/run -U postgres ${database} <<'SQL'\n${sql}\nSQL`,
      ),
    async makeBatch(name, members, spec = "") {
      await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 5, prune: true }
  backupHistoryLimit: 5
  timeOut: 10m
${spec}
  members:${members}`);
      await untilReady(client, namespace, name);
    },
    begin: (batch) => begin(batch),
    untilEnd,
    async backUpConfiguration(configuration) {
      await begin(configuration, "BackupConfiguration");
      return untilEnd(configuration);
    },
    async backUp(batch) {
      await begin(batch);
      return untilEnd(batch);
    },
    async untilRestored(kind, name) {
      const parse = (value: unknown): RestoreBatch | RestoreSession =>
        kind === "RestoreBatch" ? parseRestoreBatch(value) : parseRestoreSession(value);
      for (const end = performance.now() + END_MS; performance.now() < end; await sleep(100)) {
        const restore = await client.get(KINDS[kind], namespace, name, parse);
        if (isFinalRestorePhase(restore.status?.phase)) return restore;
      }
      throw new Error(`${name}: ${JSON.stringify(await client.get(KINDS[kind], namespace, name, asIs))}`);
    },
  };
}

async function untilReady(client: KubeClient, namespace: string, batch: string): Promise<void> {
  const read = () => client.get(KINDS.BackupBatch, namespace, batch, asIs);
  for (const end = performance.now() + 30_000; performance.now() < end; await sleep(100)) {
    if (textAt(await read(), "status", "phase") === "Ready") return;
  }
  throw new Error(`BackupBatch ${batch} does not get ready: ${JSON.stringify(await read())}`);
}

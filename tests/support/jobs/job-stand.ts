/** Databases and a volume in pods on the shared control plane, with the whole product beside them, for a file of tests. */
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";
import { findConnection } from "../../../shared/kube/connection/find.ts";
import { createPodExec, type PodExec } from "../../../shared/kube/exec/pod.ts";
import { applyFile, applyManifests, parseManifests } from "../objects/apply.ts";
import { waitForReadyPods } from "../objects/pods.ts";
import { KUBERNETES } from "../objects/resources.ts";
import type { Installation } from "../product/installed-cluster.ts";
import { useProduct } from "../product/product-cluster.ts";
import { writeEmptyRepository } from "../restic/empty-repository.ts";
import { sharedPlane } from "../shared-plane.ts";
import { JOBS_PASSWORD, jobsManifest } from "./manifests.ts";
import { type Runs, runsIn, type SessionStatus } from "./runs.ts";

const CATALOGUE = resolve(import.meta.dirname, "../../../manifests/catalog");

/** Reference to an AppBinding, in YAML's short form and without its name. */
export const BINDING = "apiVersion: appcatalog.appscode.com/v1alpha1, kind: AppBinding";

/** Runs are those of the stand's namespace. */
export interface JobStand extends Runs {
  readonly product: Installation;
  readonly client: KubeClient;
  readonly namespace: string;
  /** Folder of the restic repository. */
  readonly repository: string;
  apply(text: string): Promise<void>;
  maria(sql: string): Promise<string>;
  postgres(sql: string, database?: string): Promise<string>;
  /** Makes a BackupBatch and waits until it is ready. @param members lines of `spec.members` */
  makeBatch(name: string, members: string, spec?: string): Promise<void>;
  /** Runs a session `<invoker>-1`, and waits for its end. */
  backUp(invoker: string, kind?: "BackupBatch" | "BackupConfiguration"): Promise<SessionStatus>;
  /** Runs in another namespace. */
  in(namespace: string): Runs;
}

/** @param namespace that the file has for itself */
export function useJobStand(namespace: string): () => JobStand {
  const product = useProduct({
    reconcilerFlags: ["--pod-wait=15s"],
  });
  let stand: JobStand | undefined;

  beforeAll(async () => {
    const exec = createPodExec({
      connection: await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath }),
    });
    const made = createStand(product(), namespace, exec);
    writeEmptyRepository(made.repository, JOBS_PASSWORD);
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
  const runs = runsIn(client, namespace, exec);

  async function apply(text: string): Promise<void> {
    await applyManifests(client, parseManifests(text));
  }

  return {
    ...runs,
    product,
    client,
    namespace,
    repository: join(dir, "repository"),
    apply,
    in: (other) => runsIn(client, other, exec),
    maria: (sql) =>
      runs.run(
        "mariadb",
        "server",
        `mariadb --no-defaults --socket=/data/s.sock --user=root --batch --raw <<'SQL'\n${sql}\nSQL`,
      ),
    postgres: (sql, database = "postgres") =>
      runs.run(
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
      await runs.untilReady("BackupBatch", name);
    },
    async backUp(invoker, kind) {
      await runs.begin(invoker, kind);
      return runs.untilEnd(invoker);
    },
  };
}

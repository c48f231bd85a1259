/** Auto-backup: one annotation each on a Deployment, a claim and a database's AppBinding, backed up for real. */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BackupConfiguration, parseBackupConfiguration } from "../../../shared/api/backup-configuration.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { textAt } from "../../../shared/json/value.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import { eventually } from "../../support/eventually.ts";
import type { JobStand } from "../../support/jobs/job-stand.ts";
import { waitForContainer } from "../../support/objects/pods.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";

/** Name of the blueprint. */
const BLUEPRINT = "everything";
const NAMED = "stash.appscode.com/backup-blueprint";

export function testBlueprints(stand: () => JobStand): void {
  const storeOf = (): string => join(stand().product.dir, "blueprints");

  /** Makes the blueprint; each target has a repository of its own. */
  async function applyBlueprint(more = ""): Promise<void> {
    await mkdir(storeOf(), { recursive: true });
    await stand().apply(`
apiVersion: stash.appscode.com/v1beta1
kind: BackupBlueprint
metadata: { name: ${BLUEPRINT} }
spec:
  backend:
    storageSecretName: backend
    local:
      mountPath: /safe
      hostPath: { path: ${storeOf()}, type: Directory }
      subPath: "\${TARGET_NAMESPACE}/\${TARGET_KIND}/\${TARGET_NAME}"
  schedule: "0 0 1 1 *"
  retentionPolicy: { name: keep, keepLast: 5, prune: true }${more}`);
  }

  type Place = readonly ["Deployment" | "PersistentVolumeClaim" | "AppBinding", string];

  async function annotate([kind, name]: Place, annotations: Readonly<Record<string, string | null>>): Promise<void> {
    const resource = kind === "AppBinding" ? KINDS.AppBinding : KUBERNETES[kind];
    const patch = { kind: "merge", body: { metadata: { annotations } } } as const;
    await stand().client.patch(resource, "jobs", name, patch, asIs);
  }

  function untilConfiguration(
    name: string,
    isAsWanted: (configuration: BackupConfiguration) => boolean,
  ): Promise<BackupConfiguration> {
    const read = () => stand().client.find(KINDS.BackupConfiguration, "jobs", name, parseBackupConfiguration);
    const isThere = (found?: BackupConfiguration): found is BackupConfiguration =>
      found !== undefined && isAsWanted(found);
    return eventually(read, isThere);
  }

  const isReady = ({ status }: BackupConfiguration): boolean => status?.phase === "Ready";

  const isGone = async (name: string): Promise<boolean> =>
    (await stand().client.find(KINDS.BackupConfiguration, "jobs", name, asIs)) === undefined;

  async function eventsOf(name: string): Promise<readonly string[]> {
    const read = (raw: unknown) =>
      `${textAt(raw, "involvedObject", "name")}: ${textAt(raw, "reason")}: ${textAt(raw, "message")}`;
    const { items } = await stand().client.list(KUBERNETES.Event, "jobs", read);
    return items.filter((line) => line.startsWith(`${name}: `));
  }

  test("L2: a Deployment, a claim and a database are backed up by one annotation each", async () => {
    const { apply, client, backUp, run } = stand();
    await applyBlueprint();
    await apply(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: jobs
  annotations:
    ${NAMED}: ${BLUEPRINT}
    stash.appscode.com/target-paths: /data
    stash.appscode.com/volume-mounts: data:/data
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{ name: web, image: "tests/keeper:1", volumeMounts: [{ name: data, mountPath: /data }] }]
      volumes: [{ name: data, emptyDir: {} }]`);
    await annotate(["PersistentVolumeClaim", "files"], { [NAMED]: BLUEPRINT });
    await annotate(["AppBinding", "mariadb"], {
      [NAMED]: BLUEPRINT,
      "stash.appscode.com/schedule": "0 5 1 1 *",
      "params.stash.appscode.com/args": "--databases shop",
    });
    const [web, files, database] = await Promise.all(
      ["deploy-web", "pvc-files", "app-mariadb"].map((name) => untilConfiguration(name, isReady)),
    );
    expect(web?.metadata.ownerReferences).toMatchObject([{ kind: "Deployment", name: "web", controller: true }]);
    expect(files?.spec.repository).toEqual({ name: "pvc-files", namespace: "jobs" });
    expect(database?.spec).toMatchObject({
      schedule: "0 5 1 1 *",
      task: { params: [{ name: "args", value: "--databases shop" }] },
    });
    await waitForContainer(client, "jobs", "app=web", "stash", 1, 60_000);
    await run("web", "web", "echo content >/data/file");

    const ended = await Promise.all(
      ["deploy-web", "pvc-files", "app-mariadb"].map((name) => backUp(name, "BackupConfiguration")),
    );
    expect(ended.map(({ phase, targets }) => [phase, targets?.[0]?.stats?.[0]?.snapshots?.[0]?.path])).toEqual([
      ["Succeeded", "/data"],
      ["Succeeded", "/stash-data"],
      ["Succeeded", "dumpfile.sql"],
    ]);
    expect(await eventsOf("web")).toContainEqual(expect.stringContaining("Auto Backup Resources Creation Succeeded"));
  });

  test("what was made follows blueprint and annotation, and goes with the annotation while the data stays", async () => {
    const { client } = stand();
    await applyBlueprint("\n  timeOut: 7m");
    await untilConfiguration("deploy-web", ({ spec }) => spec.timeOut === "7m");
    await untilConfiguration("app-mariadb", ({ spec }) => spec.timeOut === "7m" && spec.schedule === "0 5 1 1 *");
    await annotate(["AppBinding", "mariadb"], { "stash.appscode.com/schedule": null });
    await untilConfiguration("app-mariadb", ({ spec }) => spec.schedule === "0 0 1 1 *");

    // What somebody deletes is made again while the annotation is there.
    const before = await untilConfiguration("pvc-files", () => true);
    await client.delete(KINDS.BackupConfiguration, "jobs", "pvc-files");
    await untilConfiguration("pvc-files", ({ metadata }) => metadata.uid !== before.metadata.uid);

    await annotate(["Deployment", "web"], { [NAMED]: null });
    await annotate(["PersistentVolumeClaim", "files"], { [NAMED]: null });
    await eventually(() => isGone("deploy-web"), true);
    await eventually(() => isGone("pvc-files"), true);
    expect(await client.find(KINDS.Repository, "jobs", "deploy-web", asIs)).toBeDefined();
    expect(await readdir(join(storeOf(), "jobs/deployment/web/snapshots"))).toHaveLength(1);
    const template = async () => JSON.stringify(await client.get(KUBERNETES.Deployment, "jobs", "web", asIs));
    await eventually(template, (text) => !text.includes('"name":"stash"'));
  });

  test("Repositories can be kept in one namespace, and each serves the namespace of its target", async () => {
    const { apply, client, backUp } = stand();
    const vault = "jobs-kept";
    await apply(`
apiVersion: v1
kind: Namespace
metadata: { name: ${vault} }
---
apiVersion: v1
kind: Secret
metadata: { name: kept, namespace: ${vault} }
stringData: { RESTIC_PASSWORD: not-a-secret }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBlueprint
metadata: { name: kept }
spec:
  repoNamespace: ${vault}
  allowedNamespaces: { from: All }
  backend:
    storageSecretName: kept
    local: { mountPath: /safe, hostPath: { path: ${storeOf()}, type: Directory }, subPath: "kept-\${TARGET_NAME}" }
  schedule: "0 0 1 1 *"
  retentionPolicy: { name: keep, keepLast: 5, prune: true }`);
    await client.create(
      KUBERNETES.PersistentVolumeClaim,
      "jobs",
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "kept", annotations: { [NAMED]: "kept" } },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
      asIs,
    );
    const made = await untilConfiguration("pvc-kept", isReady);
    expect(made.spec.repository).toEqual({ name: "jobs-pvc-kept", namespace: vault });
    const { phase, targets } = await backUp("pvc-kept", "BackupConfiguration");
    expect(phase, JSON.stringify(targets)).toBe("Succeeded");
    await annotate(["PersistentVolumeClaim", "kept"], { [NAMED]: null });
    await eventually(() => isGone("pvc-kept"), true);
    await client.delete(KUBERNETES.Namespace, undefined, vault);
  });

  test("objects that others made under the same name stay as they are, and the target is told", async () => {
    const { apply, client } = stand();
    await apply(`
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: app-postgres, namespace: jobs }
spec: { backend: { storageSecretName: mine, s3: { endpoint: s3.test, bucket: mine } } }`);
    await annotate(["AppBinding", "postgres"], { [NAMED]: BLUEPRINT });
    const words = "Repository jobs/app-postgres was made by others";
    await eventually(
      () => eventsOf("postgres"),
      (events) => events.some((event) => event.includes(words)),
    );
    expect(await client.find(KINDS.BackupConfiguration, "jobs", "app-postgres", asIs)).toBeUndefined();
    const repository = await client.get(KINDS.Repository, "jobs", "app-postgres", asIs);
    expect(textAt(repository, "spec", "backend", "storageSecretName")).toBe("mine");
    // It can be used when the other's object is gone.
    await client.delete(KINDS.Repository, "jobs", "app-postgres");
    await untilConfiguration("app-postgres", isReady);
  });
}

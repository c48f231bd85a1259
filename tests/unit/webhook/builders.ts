/** Objects for injection tests: each states only what matters to its case. */
import { parseBackupBatch } from "../../../shared/api/backup-batch.ts";
import { parseBackupConfiguration } from "../../../shared/api/backup-configuration.ts";
import { parseRepository, type Repository } from "../../../shared/api/repository.ts";
import { parseRestoreSession } from "../../../shared/api/restore-session.ts";
import { readStrategy } from "../../../shared/injection/strategy.ts";
import type { BackupSource, InjectionSettings, RestoreSource } from "../../../shared/injection/view.ts";
import { type JsonObject, readWorkload } from "../../../shared/injection/workload.ts";
import { backupInvokerView, restoreInvokerView } from "../../../shared/invoker/object.ts";
import type { MutationView } from "../../../webhook/decide.ts";

export const SETTINGS: InjectionSettings = {
  image: "registry.test/stash-batch:1.0.0",
  nativeSidecar: false,
  followsImage: false,
};

/** A Deployment `demo/web` as the API server sends it: one container `app` that mounts the claim volume `data`. */
export function aDeployment(
  change: { metadata?: JsonObject; podSpec?: JsonObject; kind?: string; spec?: JsonObject } = {},
) {
  return {
    apiVersion: "apps/v1",
    kind: change.kind ?? "Deployment",
    metadata: { name: "web", namespace: "demo", uid: "w-1", labels: { app: "web" }, ...change.metadata },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { creationTimestamp: null, labels: { app: "web" } },
        spec: {
          containers: [
            {
              name: "app",
              image: "nginx:1.25",
              resources: {},
              volumeMounts: [{ name: "data", mountPath: "/data" }],
              terminationMessagePath: "/dev/termination-log",
            },
          ],
          volumes: [{ name: "data", persistentVolumeClaim: { claimName: "web-data" } }],
          restartPolicy: "Always",
          ...change.podSpec,
        },
      },
      ...change.spec,
    },
  };
}

export const TARGET = {
  ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
  paths: ["/data"],
  volumeMounts: [{ name: "data", mountPath: "/data" }],
};

export function aRepository(change: { spec?: JsonObject; metadata?: JsonObject } = {}): Repository {
  return parseRepository({
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "repo", namespace: "demo", ...change.metadata },
    spec: { backend: { storageSecretName: "backend", s3: { endpoint: "s3.test", bucket: "b" } }, ...change.spec },
  });
}

interface BackupChange {
  readonly name?: string;
  readonly metadata?: JsonObject;
  readonly spec?: JsonObject;
  readonly target?: JsonObject;
  /** `null` for one that does not exist. */
  readonly repository?: Repository | null;
}

/** A BackupConfiguration of `demo/web` with its Repository. */
export function aBackup(change: BackupChange = {}): BackupSource {
  const name = change.name ?? "web-backup";
  const invoker = backupInvokerView(
    parseBackupConfiguration({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupConfiguration",
      metadata: {
        name,
        namespace: "demo",
        uid: `uid-${name}`,
        creationTimestamp: "2024-01-01T00:00:00Z",
        ...change.metadata,
      },
      spec: {
        schedule: "0 3 * * *",
        repository: { name: "repo" },
        retentionPolicy: { name: "keep", keepLast: 5, prune: true },
        target: { ...TARGET, ...change.target },
        ...change.spec,
      },
    }),
  );
  const repository = change.repository === null ? undefined : (change.repository ?? aRepository());
  return { invoker, repository };
}

/** The BackupBatch `demo/nightly` without members of its own. */
export function aBatch(
  change: { spec?: JsonObject; metadata?: JsonObject; repository?: Repository } = {},
): BackupSource {
  const invoker = backupInvokerView(
    parseBackupBatch({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupBatch",
      metadata: { name: "nightly", namespace: "demo", uid: "uid-nightly", ...change.metadata },
      spec: {
        schedule: "0 3 * * *",
        repository: { name: "repo" },
        retentionPolicy: { name: "keep", keepLast: 5, prune: true },
        ...change.spec,
      },
    }),
  );
  return { invoker, repository: change.repository ?? aRepository() };
}

/** A RestoreSession of `demo/web` with its Repository. */
export function aRestore(change: BackupChange & { readonly phase?: string } = {}): RestoreSource {
  const name = change.name ?? "web-restore";
  const invoker = restoreInvokerView(
    parseRestoreSession({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreSession",
      metadata: {
        name,
        namespace: "demo",
        uid: `uid-${name}`,
        creationTimestamp: "2024-01-02T00:00:00Z",
        ...change.metadata,
      },
      spec: {
        repository: { name: "repo" },
        target: { ...TARGET, rules: [{ paths: ["/data"] }], ...change.target },
        ...change.spec,
      },
    }),
  );
  const repository = change.repository === null ? undefined : (change.repository ?? aRepository());
  return { invoker, repository, phase: change.phase ?? "" };
}

interface ViewChange extends Partial<Omit<MutationView, "workload" | "namespace" | "oldPodTemplate" | "oldStrategy">> {
  readonly workload?: unknown;
  /** The workload before an update. */
  readonly old?: unknown;
  readonly namespace?: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> };
}

/** View of the creation of `demo/web`; with `old` of its update. */
export function aView(change: ViewChange = {}): MutationView {
  const { workload = aDeployment(), old, namespace, ...rest } = change;
  const facts = readWorkload(workload, "demo");
  if (facts === undefined) throw new Error("no workload");
  return {
    operation: old === undefined ? "CREATE" : "UPDATE",
    isSynced: true,
    backups: [],
    blueprints: [],
    restores: [],
    settings: SETTINGS,
    ...rest,
    workload: facts,
    oldPodTemplate: old === undefined ? undefined : readWorkload(old, "demo")?.podTemplate,
    oldStrategy: old === undefined ? undefined : readStrategy(old),
    namespace: { name: "demo", labels: {}, annotations: {}, ...namespace },
  };
}

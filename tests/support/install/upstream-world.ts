/** Objects as upstream Stash leaves them when its operator is taken away, for a Deployment `web` with a sidecar. */
import { KINDS } from "../../../shared/api/kinds.ts";
import type { Manifest } from "../objects/apply.ts";

export const UPSTREAM_IMAGE = "stashed/stash:v0.32.0";
const ALIAS_PATH = "/mnt/data";
const TARGET = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };

export interface UpstreamFolders {
  readonly repository: string;
  readonly data: string;
}

const backupSpec = {
  repository: { name: "store" },
  schedule: "0 3 1 1 *",
  target: {
    ref: TARGET,
    paths: [ALIAS_PATH],
    volumeMounts: [{ name: "files", mountPath: ALIAS_PATH }],
  },
  backupHistoryLimit: 9,
  retentionPolicy: { name: "keep", keepLast: 5, prune: true },
};

/** Namespace, Repository and BackupConfiguration with upstream's finalizers. */
export function upstreamObjects(namespace: string, { repository }: UpstreamFolders): readonly Manifest[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "backend", namespace },
      stringData: { RESTIC_PASSWORD: "test" },
    },
    {
      apiVersion: KINDS.Repository.apiVersion,
      kind: "Repository",
      metadata: { name: "store", namespace, ...{ finalizers: ["stash"] } },
      spec: {
        backend: {
          storageSecretName: "backend",
          local: { mountPath: "/safe/repository", hostPath: { path: repository, type: "Directory" } },
        },
      },
    },
    {
      apiVersion: KINDS.BackupConfiguration.apiVersion,
      kind: "BackupConfiguration",
      metadata: { name: "web-backup", namespace, ...{ finalizers: ["stash.appscode.com"] } },
      spec: backupSpec,
    },
  ];
}

/** A session of upstream. */
export function upstreamSession(namespace: string, name: string): Manifest {
  return {
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: "BackupSession",
    metadata: {
      name,
      namespace,
      ...{
        labels: {
          "app.kubernetes.io/component": "stash-backup",
          "app.kubernetes.io/managed-by": "stash.appscode.com",
          "stash.appscode.com/invoker-name": "web-backup",
          "stash.appscode.com/invoker-type": "BackupConfiguration",
        },
      },
    },
    spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: "web-backup" } },
  };
}

function condition(type: string, status: string, reason: string) {
  return { type, status, reason, message: "as upstream says it", lastTransitionTime: "2023-11-14T22:13:20Z" };
}

/** One that ended well. */
export const GOOD_STATUS = {
  phase: "Succeeded",
  sessionDuration: "12.3s",
  conditions: [
    condition("BackendRepositoryInitialized", "True", "BackendRepositoryFound"),
    condition("RetentionPolicyApplied", "True", "SuccessfullyAppliedRetentionPolicy"),
    condition("BackupHistoryCleaned", "True", "SuccessfullyCleanedBackupHistory"),
    condition("MetricsPushed", "True", "SuccessfullyPushedMetrics"),
  ],
  targets: [
    {
      ref: TARGET,
      phase: "Succeeded",
      totalHosts: 1,
      stats: [{ hostname: "host-0", phase: "Succeeded", duration: "2.1s" }],
    },
  ],
};

/** One that ended well but for its metrics, which nobody took. */
export const UNPUSHED_STATUS = {
  ...GOOD_STATUS,
  phase: "Failed",
  conditions: [...GOOD_STATUS.conditions.slice(0, -1), condition("MetricsPushed", "False", "FailedToPushMetrics")],
};

/** One that was under way when the operator went. */
export const OPEN_STATUS = { phase: "Running", targets: [{ ref: TARGET, phase: "Running", totalHosts: 1 }] };

/**
 * The CronJob that triggered upstream's sessions.
 *
 * @param owner uid of the BackupConfiguration
 * @param version of the group `batch` that the server has CronJobs in
 */
export function upstreamCronJob(namespace: string, owner: string, version: string): Manifest {
  const labels = {
    "app.kubernetes.io/component": "stash-backup",
    "app.kubernetes.io/managed-by": "stash.appscode.com",
  };
  const args = ["create-backupsession", "--invoker-name=web-backup", "--invoker-kind=BackupConfiguration"];
  const pod = { restartPolicy: "Never", containers: [{ name: "stash-trigger", image: UPSTREAM_IMAGE, args }] };
  return {
    apiVersion: `batch/${version}`,
    kind: "CronJob",
    metadata: {
      name: "stash-trigger-web-backup",
      namespace,
      ...{
        labels,
        ownerReferences: [
          {
            apiVersion: KINDS.BackupConfiguration.apiVersion,
            kind: "BackupConfiguration",
            name: "web-backup",
            uid: owner,
            controller: true,
          },
        ],
      },
    },
    spec: {
      schedule: backupSpec.schedule,
      jobTemplate: { metadata: { labels }, spec: { template: { metadata: { labels }, spec: pod } } },
    },
  };
}

/** The workload with the sidecar that upstream injected. */
export function upstreamWorkload(namespace: string, { data }: UpstreamFolders): Manifest {
  const applied = { kind: "BackupConfiguration", metadata: { name: "web-backup", namespace }, spec: backupSpec };
  const loop = "trap 'exit 0' TERM; while :; do sleep infinity & wait $!; done";
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "web",
      namespace,
      ...{
        annotations: {
          "stash.appscode.com/last-applied-backup-invoker": JSON.stringify(applied),
          "stash.appscode.com/last-applied-backup-invoker-kind": "BackupConfiguration",
        },
      },
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: {
          labels: { app: "web" },
          annotations: { "stash.appscode.com/last-applied-backup-invoker-hash": "1234567890123456789" },
        },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: "app",
              image: "app:1",
              command: ["sh", "-c", loop],
              volumeMounts: [{ name: "files", mountPath: "/data" }],
            },
            {
              name: "stash",
              image: UPSTREAM_IMAGE,
              args: [
                "run-backup",
                "--invoker-name=web-backup",
                "--invoker-kind=BackupConfiguration",
                "--target-name=web",
                `--target-namespace=${namespace}`,
                "--target-kind=Deployment",
                "--enable-cache=true",
                "--max-connections=0",
                "--metrics-enabled=true",
              ],
              env: [
                { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
                { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
              ],
              volumeMounts: [
                { name: "stash-tmp-dir", mountPath: "/stash-tmp" },
                { name: "files", mountPath: ALIAS_PATH },
              ],
            },
          ],
          volumes: [
            { name: "files", hostPath: { path: data, type: "Directory" } },
            { name: "stash-tmp-dir", emptyDir: {} },
          ],
        },
      },
    },
  };
}

/** Manifests of applications whose data tests back up, destroy and restore. */
import { KINDS } from "../../../shared/api/kinds.ts";
import type { Manifest } from "../objects/apply.ts";

/**
 * An application that takes note of every start in `/marks/started`, and in `/marks/empty` when it found no data. An
 * installation that starts un-restored makes itself anew in the same way.
 */
const PROGRAM = [
  `echo "$HOSTNAME" >> /marks/started`,
  `if [ -z "$(ls -A /data)" ]; then echo "$HOSTNAME" >> /marks/empty; echo new > /data/made-anew; fi`,
  "trap 'exit 0' TERM",
  "while :; do sleep infinity & wait $!; done",
].join("\n");

/** Of the Repository `store`. */
export const STORAGE_PASSWORD = "test";

/** Most that a pod may write into its volume `room` before it is evicted. */
export const ROOM_BYTES = 2 ** 20;

export interface Storage {
  readonly namespace: string;
  /** Folder of this machine that holds the restic repository. */
  readonly repository: string;
  /** Which other namespaces may use the Repository. */
  readonly allowed?: "All" | "Same";
}

/** Namespace, backend Secret and Repository `store`. */
export function storageManifests({ namespace, repository, allowed }: Storage): readonly Manifest[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "backend", namespace },
      stringData: { RESTIC_PASSWORD: STORAGE_PASSWORD },
    },
    {
      apiVersion: KINDS.Repository.apiVersion,
      kind: "Repository",
      metadata: { name: "store", namespace },
      spec: {
        backend: {
          storageSecretName: "backend",
          local: { mountPath: "/safe/repository", hostPath: { path: repository, type: "Directory" } },
        },
        ...(allowed !== undefined && { usagePolicy: { allowedNamespaces: { from: allowed } } }),
      },
    },
  ];
}

export interface ApplicationPart {
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet";
  readonly namespace: string;
  readonly name: string;
  readonly replicas?: number;
  /** Folder of this machine in which starts are noted. */
  readonly marks: string;
  /** Folder of this machine that holds the data; a StatefulSet's pods have one below it each. */
  readonly data: string;
  /** Further fields of the application's container. */
  readonly container?: Readonly<Record<string, unknown>>;
}

/** One workload. Its data lies on this machine, so that a test can look at it and destroy it. */
export function partManifest(part: ApplicationPart): Manifest {
  const { kind, namespace, name, replicas = 1, marks, data } = part;
  const isStateful = kind === "StatefulSet";
  const container = {
    name: "app",
    image: "app:1",
    command: ["sh", "-c", PROGRAM],
    volumeMounts: [
      { name: "files", mountPath: "/data" },
      { name: "marks", mountPath: "/marks" },
      // A volume that no container mounts is not made.
      { name: "room", mountPath: "/room" },
    ],
    ...part.container,
  };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace },
    spec: {
      ...(kind !== "DaemonSet" && { replicas }),
      ...(isStateful && { serviceName: name, podManagementPolicy: "Parallel" }),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [container],
          volumes: [
            { name: "marks", hostPath: { path: marks, type: "Directory" } },
            { name: "room", emptyDir: { sizeLimit: ROOM_BYTES } },
            ...(isStateful ? [] : [{ name: "files", hostPath: { path: data, type: "Directory" } }]),
          ],
        },
      },
      ...(isStateful && {
        volumeClaimTemplates: [
          {
            metadata: { name: "files" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
          },
        ],
      }),
    },
  };
}

export type MemberOf = Pick<ApplicationPart, "kind" | "name">;

function targetOf({ kind, name }: MemberOf) {
  return {
    alias: name,
    ref: { apiVersion: "apps/v1", kind, name },
    volumeMounts: [{ name: "files", mountPath: "/data" }],
  };
}

/** A BackupBatch `nightly` that never runs by itself. */
export function batchManifest(
  namespace: string,
  members: readonly MemberOf[],
  spec: Readonly<Record<string, unknown>> = {},
): Manifest {
  return {
    apiVersion: KINDS.BackupBatch.apiVersion,
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace },
    spec: {
      repository: { name: "store" },
      schedule: "0 3 1 1 *",
      retentionPolicy: { name: "keep", keepLast: 9, prune: false },
      backupHistoryLimit: 9,
      members: members.map((member) => ({ target: { ...targetOf(member), paths: ["/data"] } })),
      ...spec,
    },
  };
}

/** One member of a RestoreBatch, which brings `/data` back; also the spec of a RestoreSession without its repository. */
export function restoreMember(member: MemberOf, target: Readonly<Record<string, unknown>> = {}) {
  return { target: { ...targetOf(member), rules: [{ paths: ["/data"] }], ...target } };
}

export function restoreManifest(
  namespace: string,
  name: string,
  members: readonly Readonly<Record<string, unknown>>[],
  spec: Readonly<Record<string, unknown>> = {},
): Manifest {
  return {
    apiVersion: KINDS.RestoreBatch.apiVersion,
    kind: "RestoreBatch",
    metadata: { name, namespace },
    spec: { repository: { name: "store" }, members, ...spec },
  };
}

/** Which kinds exist and how the API server knows them. Light on purpose: clients import it without any schema. */

export interface KindEntry {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly namespaced: boolean;
  readonly statusSubresource: boolean;
}

const STASH_V1BETA1 = {
  group: "stash.appscode.com",
  version: "v1beta1",
  apiVersion: "stash.appscode.com/v1beta1",
} as const;
const NAMESPACED = { scope: "Namespaced", namespaced: true } as const;
const CLUSTER_WIDE = { scope: "Cluster", namespaced: false } as const;

export const KINDS = {
  Repository: {
    kind: "Repository",
    group: "stash.appscode.com",
    version: "v1alpha1",
    apiVersion: "stash.appscode.com/v1alpha1",
    plural: "repositories",
    singular: "repository",
    shortNames: ["repo"],
    categories: ["stash", "appscode"],
    ...NAMESPACED,
    statusSubresource: true,
  },
  BackupConfiguration: {
    kind: "BackupConfiguration",
    ...STASH_V1BETA1,
    plural: "backupconfigurations",
    singular: "backupconfiguration",
    shortNames: ["bc"],
    categories: ["stash", "appscode", "all"],
    ...NAMESPACED,
    statusSubresource: true,
  },
  BackupBatch: {
    kind: "BackupBatch",
    ...STASH_V1BETA1,
    plural: "backupbatches",
    singular: "backupbatch",
    shortNames: ["bbatch"],
    categories: ["stash", "appscode", "all"],
    ...NAMESPACED,
    statusSubresource: true,
  },
  BackupBlueprint: {
    kind: "BackupBlueprint",
    ...STASH_V1BETA1,
    plural: "backupblueprints",
    singular: "backupblueprint",
    shortNames: ["bb"],
    categories: ["stash", "appscode"],
    ...CLUSTER_WIDE,
    statusSubresource: false,
  },
  BackupSession: {
    kind: "BackupSession",
    ...STASH_V1BETA1,
    plural: "backupsessions",
    singular: "backupsession",
    shortNames: ["bs"],
    categories: ["stash", "appscode", "all"],
    ...NAMESPACED,
    statusSubresource: true,
  },
  RestoreSession: {
    kind: "RestoreSession",
    ...STASH_V1BETA1,
    plural: "restoresessions",
    singular: "restoresession",
    shortNames: ["restore"],
    categories: ["stash", "appscode", "all"],
    ...NAMESPACED,
    statusSubresource: true,
  },
  RestoreBatch: {
    kind: "RestoreBatch",
    ...STASH_V1BETA1,
    plural: "restorebatches",
    singular: "restorebatch",
    shortNames: ["rbatch"],
    categories: ["stash", "appscode", "all"],
    ...NAMESPACED,
    statusSubresource: true,
  },
  BackupVerifier: {
    kind: "BackupVerifier",
    ...STASH_V1BETA1,
    plural: "backupverifiers",
    singular: "backupverifier",
    shortNames: ["bv"],
    categories: ["stash", "appscode", "all"],
    ...NAMESPACED,
    statusSubresource: true,
  },
  BackupVerificationSession: {
    kind: "BackupVerificationSession",
    ...STASH_V1BETA1,
    plural: "backupverificationsessions",
    singular: "backupverificationsession",
    shortNames: ["bvs"],
    categories: ["stash", "appscode", "all"],
    ...NAMESPACED,
    statusSubresource: true,
  },
  HostRun: {
    kind: "HostRun",
    ...STASH_V1BETA1,
    plural: "hostruns",
    singular: "hostrun",
    shortNames: ["hrun"],
    categories: ["stash", "appscode"],
    ...NAMESPACED,
    statusSubresource: true,
  },
  Function: {
    kind: "Function",
    ...STASH_V1BETA1,
    plural: "functions",
    singular: "function",
    shortNames: ["fn"],
    categories: ["stash", "appscode"],
    ...CLUSTER_WIDE,
    statusSubresource: false,
  },
  Task: {
    kind: "Task",
    ...STASH_V1BETA1,
    plural: "tasks",
    singular: "task",
    shortNames: ["task"],
    categories: ["stash", "appscode"],
    ...CLUSTER_WIDE,
    statusSubresource: false,
  },
  Snapshot: {
    kind: "Snapshot",
    group: "repositories.stash.appscode.com",
    version: "v1alpha1",
    apiVersion: "repositories.stash.appscode.com/v1alpha1",
    plural: "snapshots",
    singular: "snapshot",
    shortNames: ["snap"],
    categories: ["storage", "appscode", "all"],
    ...NAMESPACED,
    statusSubresource: false,
  },
  AppBinding: {
    kind: "AppBinding",
    group: "appcatalog.appscode.com",
    version: "v1alpha1",
    apiVersion: "appcatalog.appscode.com/v1alpha1",
    plural: "appbindings",
    singular: "appbinding",
    shortNames: ["appb"],
    categories: ["catalog", "appscode", "all"],
    ...NAMESPACED,
    statusSubresource: false,
  },
} as const satisfies Record<string, KindEntry>;

export type KindName = keyof typeof KINDS;

export const BackupInvokerKind = { BackupConfiguration: "BackupConfiguration", BackupBatch: "BackupBatch" } as const;
export type BackupInvokerKind = (typeof BackupInvokerKind)[keyof typeof BackupInvokerKind];

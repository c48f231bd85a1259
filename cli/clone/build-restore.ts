/** Objects that clone a claim. Pure. */
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { RestoreSession } from "../../shared/api/restore-session.ts";
import { textAt, valueAt } from "../../shared/json/value.ts";
import { NAME_MAX_LENGTH, nameWithSuffix } from "../../shared/names.ts";

export interface CloneOrder {
  readonly claim: string;
  readonly repository: string;
  readonly namespace: string;
}

const targetOf = (claim: string) => ({ apiVersion: "v1", kind: "PersistentVolumeClaim", name: claim });

/** Paused: it runs once, when it is told to. */
export function buildCloneBackup({ claim, repository, namespace }: CloneOrder): BackupConfiguration {
  return {
    apiVersion: KINDS.BackupConfiguration.apiVersion,
    kind: KINDS.BackupConfiguration.kind,
    metadata: { name: nameWithSuffix(claim, "clone-backup", NAME_MAX_LENGTH), namespace },
    spec: {
      repository: { name: repository },
      schedule: "0 0 1 1 *",
      paused: true,
      task: { name: "pvc-backup" },
      target: { ref: targetOf(claim) },
      retentionPolicy: { name: "keep-last-5", keepLast: 5, prune: true },
    },
  };
}

export function buildCloneRestore(order: CloneOrder, snapshots: readonly string[]): RestoreSession {
  const { claim, repository, namespace } = order;
  return {
    apiVersion: KINDS.RestoreSession.apiVersion,
    kind: KINDS.RestoreSession.kind,
    metadata: { name: nameWithSuffix(claim, "clone-restore", NAME_MAX_LENGTH), namespace },
    spec: {
      repository: { name: repository },
      task: { name: "pvc-restore" },
      target: { ref: targetOf(claim), rules: [{ snapshots: [...snapshots] }] },
    },
  };
}

/** The same claim without what ties it to its volume. */
export function buildClonedClaim(raw: unknown, namespace: string) {
  const size =
    valueAt(raw, "spec", "resources", "requests", "storage") ?? valueAt(raw, "status", "capacity", "storage");
  const storageClassName = textAt(raw, "spec", "storageClassName");
  const volumeMode = textAt(raw, "spec", "volumeMode");
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: textAt(raw, "metadata", "name") ?? "", namespace },
    spec: {
      accessModes: valueAt(raw, "spec", "accessModes"),
      ...(storageClassName !== undefined && { storageClassName }),
      ...(volumeMode !== undefined && { volumeMode }),
      resources: { requests: { storage: size } },
    },
  };
}

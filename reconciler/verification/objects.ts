/** The objects that a drill makes in its namespace: claims, and the batch that restores into them. Pure. */
import type { BackupVerificationSession, DrillVolume } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreBatch } from "../../shared/api/restore-batch.ts";
import { ExecutionOrder, Label, LabelValue, Volume } from "../../shared/contract.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import type { BackupInvokerView } from "../../shared/invoker/object.ts";
import { type DrillName, drillBatchName } from "./names.ts";
import { memberName } from "./plan.ts";

/** By it the pods of a drill are told from all others, by people and in NetworkPolicies of theirs. It is handed on to jobs and their pods. */
export const INSTANCE_LABEL = "app.kubernetes.io/instance";

export function drillNameOf({ metadata }: Pick<BackupVerificationSession, "metadata">): DrillName {
  return { name: metadata.name, uid: metadata.uid ?? "" };
}

/** What all objects of a drill have: they go with it, whatever becomes of the reconciler. */
export function drillMetadata(drill: BackupVerificationSession, name: string) {
  const { apiVersion, kind } = KINDS.BackupVerificationSession;
  const { namespace, name: owner, uid = "" } = drill.metadata;
  return {
    name,
    namespace,
    labels: drillLabels(drill),
    ownerReferences: [{ apiVersion, kind, name: owner, uid, controller: true }],
  };
}

export function drillLabels(drill: BackupVerificationSession): Readonly<Record<string, string>> {
  return {
    [Label.Drill]: drill.metadata.uid ?? "",
    [Label.ManagedBy]: LabelValue.ManagedBy,
    [INSTANCE_LABEL]: drillBatchName(drillNameOf(drill)),
  };
}

/** A throw-away claim. */
export function buildDrillClaim(
  drill: BackupVerificationSession,
  { claim, size }: DrillVolume,
  storage: BackupVerifier["spec"]["storage"],
): JsonObject {
  const { storageClassName } = storage ?? {};
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: drillMetadata(drill, claim),
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: size } },
      ...(storageClassName !== undefined && { storageClassName }),
    },
  };
}

export interface BatchFacts {
  readonly drill: BackupVerificationSession;
  readonly volumes: readonly DrillVolume[];
  readonly invoker: Pick<BackupInvokerView, "members" | "executionOrder" | "repository">;
  readonly settings: BackupVerifier["spec"]["runtimeSettings"];
  readonly timeOut: string;
}

/** Host of a volume's job: each is a member of its own, since a claim is mounted at one place. */
export function restoreAlias(index: number): string {
  return `volume-${index}`;
}

/**
 * The batch that restores. Its members are the throw-away claims alone, in the order of the invoker; of the application it names nothing but
 * the Repository. Snapshots stand by their ids, and restic compares what it wrote.
 *
 * @throws UserError INVALID_OBJECT
 */
export function buildDrillBatch({ drill, volumes, invoker, settings, timeOut }: BatchFacts): RestoreBatch {
  const { namespace } = drill.metadata;
  const aliasesOf = (member: string) =>
    volumes.flatMap((volume, index) => (volume.member === member ? [restoreAlias(index)] : []));
  const names = [...new Set(volumes.map(({ member }) => member))];
  // Hosts of one member come back at once, as they would in earnest.
  const before = (member: string) =>
    invoker.executionOrder === "Sequential" ? names.slice(0, names.indexOf(member)).slice(-1) : [];
  const members = volumes.map(({ claim, member, mountPath, snapshots }, index) => {
    const earlier = new Set([...(dependenciesOf(invoker, member) ?? []), ...before(member)]);
    const dependsOn = [...earlier].flatMap(aliasesOf);
    return {
      target: {
        alias: restoreAlias(index),
        ref: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: claim, namespace },
        volumeMounts: [{ name: Volume.PvcTarget, mountPath }],
        rules: [{ snapshots: snapshots.map(({ id }) => id) }],
        args: ["--verify"],
      },
      ...(settings !== undefined && { runtimeSettings: settings }),
      ...(dependsOn.length > 0 && { dependsOn }),
    };
  });
  return parseRestoreBatch({
    apiVersion: KINDS.RestoreBatch.apiVersion,
    kind: KINDS.RestoreBatch.kind,
    metadata: drillMetadata(drill, drillBatchName(drillNameOf(drill))),
    spec: {
      repository: invoker.repository,
      timeOut,
      executionOrder: ExecutionOrder.Parallel,
      members,
    },
  });
}

function dependenciesOf({ members }: BatchFacts["invoker"], name: string): readonly string[] | undefined {
  return members.find((member) => memberName(member) === name)?.dependsOn;
}

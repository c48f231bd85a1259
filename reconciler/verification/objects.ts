/** The objects that a drill makes in its namespace: claims, and the batch that restores into them and into its servers. Pure. */
import type {
  BackupVerificationSession,
  DrillServer,
  DrillVolume,
} from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../shared/api/restore-batch.ts";
import { ExecutionOrder, Label, LabelValue, Volume } from "../../shared/contract.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import type { BackupInvokerView } from "../../shared/invoker/object.ts";
import { type DrillName, drillBatchName } from "./names.ts";
import { memberName } from "./plan.ts";

/** By it the pods of a drill are told from all others, by people and in NetworkPolicies. It is handed on to jobs and their pods. */
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
  { claim, size }: Pick<DrillVolume, "claim" | "size">,
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
  readonly servers: readonly DrillServer[];
  readonly invoker: Pick<BackupInvokerView, "members" | "executionOrder" | "repository">;
  readonly settings: BackupVerifier["spec"]["runtimeSettings"];
  readonly timeOut: string;
}

/** Host of a volume's job: each is a member of its own, since a claim is mounted at one place. */
export function restoreAlias(index: number): string {
  return `volume-${index}`;
}

/** The dumps of a database that one server loads. */
export function loadAlias(index: number): string {
  return `server-${index}`;
}

/**
 * The batch that restores. Its members are the throw-away claims and servers alone, in the order of the invoker; of the application it names
 * nothing but the Repository. Snapshots stand by their ids, and restic compares the files that it wrote.
 *
 * @throws UserError INVALID_OBJECT
 */
export function buildDrillBatch(facts: BatchFacts): RestoreBatch {
  const { drill, volumes, servers, invoker, settings, timeOut } = facts;
  const { namespace } = drill.metadata;
  const dependsOn = dependenciesIn(facts);
  const common = (member: string) => ({
    ...(settings !== undefined && { runtimeSettings: settings }),
    ...(dependsOn(member).length > 0 && { dependsOn: dependsOn(member) }),
  });
  const idsOf = (snapshots: readonly { readonly id: string }[]) => [{ snapshots: snapshots.map(({ id }) => id) }];
  const files = volumes.map(({ claim, member, mountPath, snapshots }, index) => ({
    target: {
      alias: restoreAlias(index),
      ref: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: claim, namespace },
      volumeMounts: [{ name: Volume.PvcTarget, mountPath }],
      rules: idsOf(snapshots),
      args: ["--verify"],
    },
    ...common(member),
  }));
  const { apiVersion, kind } = KINDS.AppBinding;
  const databases = servers.map(({ name, member, snapshots, task }, index) => ({
    target: { alias: loadAlias(index), ref: { apiVersion, kind, name, namespace }, rules: idsOf(snapshots) },
    ...(task !== undefined && { task }),
    ...common(member),
  }));
  const members = [...files, ...databases];
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

/** Hosts of one member come back at once, as they would in earnest. @returns aliases that all of a member waits for */
function dependenciesIn({ drill, volumes, servers, invoker }: BatchFacts): (member: string) => readonly string[] {
  const aliasesOf = (member: string) => [
    ...volumes.flatMap((volume, index) => (volume.member === member ? [restoreAlias(index)] : [])),
    ...servers.flatMap((server, index) => (server.member === member ? [loadAlias(index)] : [])),
  ];
  // A member of which the point holds nothing is waited for by nobody.
  const names = (drill.status?.members ?? []).map(({ alias }) => alias).filter((name) => aliasesOf(name).length > 0);
  return (member) => {
    const own = invoker.members.find((one) => memberName(one) === member)?.dependsOn ?? [];
    const before =
      invoker.executionOrder === ExecutionOrder.Sequential ? names.slice(0, names.indexOf(member)).slice(-1) : [];
    return [...new Set([...own, ...before])].flatMap(aliasesOf);
  };
}

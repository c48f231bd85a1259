/** What is backed up, and where it is restored to. */
import { volumeMountSchema } from "./kubernetes/volume.ts";
import { volumeClaimTemplateSchema } from "./kubernetes/volume-claim-template.ts";
import { list, longList, namespaceText, nameText, object, optional, replicaCount, text, type Value } from "./schema.ts";

export const targetRefSchema = object({
  apiVersion: optional(nameText, "API version of the target."),
  kind: optional(nameText, "Kind of the target."),
  name: optional(nameText, "Name of the target."),
  namespace: optional(namespaceText, "Its namespace; the invoker's when empty."),
});
export type TargetRef = Value<typeof targetRefSchema>;

export const backupTargetSchema = object({
  alias: optional(nameText, "Name of its hosts; must differ between members of one batch."),
  ref: optional(targetRefSchema, "The workload, volume or AppBinding."),
  paths: optional(list(text), "Paths to back up, one snapshot each."),
  volumeMounts: optional(list(volumeMountSchema), "Volumes of the workload, and where they are mounted beside it."),
  replicas: optional(replicaCount, "VolumeSnapshotter: how many replicas of a StatefulSet."),
  snapshotClassName: optional(nameText, "VolumeSnapshotter: VolumeSnapshotClass."),
  exclude: optional(list(text), "Patterns of files to leave out."),
  args: optional(list(text), "Further arguments for restic backup."),
});
export type BackupTarget = Value<typeof backupTargetSchema>;

export const ruleSchema = object({
  targetHosts: optional(
    longList(nameText),
    "Hosts that the rule is for; empty means each host without a rule of its own.",
  ),
  sourceHost: optional(nameText, "Host whose data is read; the same host when empty."),
  snapshots: optional(longList(text), "Snapshots to restore, by id."),
  paths: optional(list(text), "Paths of which the newest snapshot is restored."),
  exclude: optional(list(text), "Patterns of files to leave out."),
  include: optional(list(text), "Patterns of the only files to restore."),
});
export type Rule = Value<typeof ruleSchema>;

export const restoreTargetSchema = object({
  alias: optional(nameText, "The alias that the target had at backup."),
  ref: optional(targetRefSchema, "The workload, volume or AppBinding."),
  volumeMounts: optional(list(volumeMountSchema), "Volumes of the workload, and where they are mounted beside it."),
  replicas: optional(replicaCount, "With volumeClaimTemplates: how many of each."),
  volumeClaimTemplates: optional(list(volumeClaimTemplateSchema), "Volumes to make and restore into."),
  rules: optional(list(ruleSchema), "What is restored on which host."),
  args: optional(list(text), "Further arguments for restic restore."),
});
export type RestoreTarget = Value<typeof restoreTargetSchema>;

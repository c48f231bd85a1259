/** The BackupSession object that starts one run of an invoker, whoever makes it: reconciler, CronJob or command line. */
import type { BackupSession } from "../api/backup-session.ts";
import type { SessionTrigger } from "../api/closed-lists.ts";
import { KINDS } from "../api/kinds.ts";
import { Label, LabelValue, STASH_GROUP } from "../contract.ts";
import { shortHash } from "../hash.ts";
import { labelValue } from "../label-value.ts";
import { backupSessionName, NAME_MAX_LENGTH, nameWithSuffix } from "../names.ts";
import { withoutOwnKeys } from "../own-keys.ts";
import { EMPTY_TARGET_KIND, targetLabelKey } from "../target/ref.ts";
import { formatTime } from "../timestamps.ts";
import type { BackupInvokerView } from "./object.ts";

export interface BackupSessionOrder {
  /** With its labelled members, where they are known. */
  readonly invoker: BackupInvokerView;
  readonly name: string;
  readonly trigger: SessionTrigger;
  /** When the run was due, milliseconds since the epoch; undefined for a run on request. */
  readonly dueAtMs?: number | undefined;
  /** How many more sessions may follow; as the invoker's retryConfig says when absent. */
  readonly retryLeft?: number | undefined;
  /** Name of the session that this one tries again. */
  readonly retryOf?: string | undefined;
}

/** Builds the object; the invoker becomes its owner. */
export function buildBackupSession(order: BackupSessionOrder): BackupSession {
  const { invoker, name, trigger, dueAtMs, retryOf } = order;
  const { apiVersion, kind } = KINDS[invoker.kind];
  return {
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: KINDS.BackupSession.kind,
    metadata: {
      name,
      namespace: invoker.namespace,
      labels: backupSessionLabels(invoker),
      ownerReferences: [{ apiVersion, kind, name: invoker.name, uid: invoker.uid, controller: true }],
    },
    spec: {
      invoker: { apiGroup: STASH_GROUP, kind: invoker.kind, name: invoker.name },
      retryLeft: order.retryLeft ?? invoker.retry?.maxRetry ?? 0,
      trigger,
      ...(dueAtMs !== undefined && { dueTime: formatTime(new Date(dueAtMs)) }),
      ...(retryOf !== undefined && { retryOf }),
    },
  };
}

/** Labels of an invoker's sessions: its own, upstream's, and one a target by which the target's agents watch. */
export function backupSessionLabels(invoker: BackupInvokerView): Readonly<Record<string, string>> {
  const targets = invoker.members.filter(({ ref }) => ref.kind !== EMPTY_TARGET_KIND);
  const only = invoker.kind === "BackupConfiguration" ? targets[0]?.ref : undefined;
  return {
    ...withoutOwnKeys(invoker.labels),
    [Label.Component]: LabelValue.ComponentBackup,
    [Label.ManagedBy]: LabelValue.ManagedBy,
    [Label.InvokerType]: invoker.kind,
    [Label.InvokerName]: labelValue(invoker.name),
    ...(only !== undefined && {
      [Label.TargetKind]: labelValue(only.kind),
      [Label.TargetName]: labelValue(only.name),
      [Label.TargetNamespace]: labelValue(only.namespace),
    }),
    ...Object.fromEntries(targets.map(({ ref }) => [targetLabelKey(ref), "true"])),
  };
}

/** Unix seconds have ten digits until the year 2286, and a dash goes before them. */
const DUE_SUFFIX_LENGTH = 11;

/**
 * Names that a scheduled session may have, in the order of preference. The second one is for when another invoker has the
 * first: a BackupConfiguration and a BackupBatch of one name, or two long names with the same beginning.
 */
export function backupSessionNames(
  invoker: Pick<BackupInvokerView, "kind" | "name">,
  dueAtMs: number,
): readonly [string, string] {
  const own = nameWithSuffix(
    invoker.name,
    shortHash(`${invoker.kind}/${invoker.name}`),
    NAME_MAX_LENGTH - DUE_SUFFIX_LENGTH,
  );
  return [backupSessionName(invoker.name, dueAtMs), backupSessionName(own, dueAtMs)];
}

/** Whether a session is a run of the invoker. */
export function isSessionOf(
  session: BackupSession,
  invoker: Pick<BackupInvokerView, "kind" | "namespace" | "name">,
): boolean {
  const { metadata, spec } = session;
  return (
    metadata.namespace === invoker.namespace &&
    spec.invoker?.kind === invoker.kind &&
    spec.invoker.name === invoker.name
  );
}

/** What alerts ask of conditions: targets without their container, and retention that did not run. Pure. */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import type { GaugeSpec, Sample } from "./gauge-table.ts";
import { type Labels, newestEnded } from "./session-samples.ts";

const INVOKER = ["invoker_kind", "invoker_name", "namespace"] as const;

const NAME = {
  notInjected: "stash_batch_invoker_targets_without_sidecar",
  retentionFailed: "stash_batch_invoker_retention_failed",
  unreadable: "stash_batch_session_unreadable_files",
} as const;

export const CONDITION_GAUGES: readonly GaugeSpec[] = [
  { name: NAME.notInjected, labelNames: INVOKER, help: "targets whose pods lack the sidecar" },
  {
    name: NAME.retentionFailed,
    labelNames: INVOKER,
    help: "1 when the newest session that applied retention could not",
  },
  {
    name: NAME.unreadable,
    labelNames: INVOKER,
    help: "files that the newest session that ended could not read",
  },
];

interface ConditionLike {
  readonly type?: string;
  readonly status?: string;
}

function statusOf(conditions: readonly ConditionLike[] | undefined, type: string): string | undefined {
  return conditions?.find((condition) => condition.type === type)?.status;
}

/** Conditions of each target. */
function targetConditions(invoker: BackupConfiguration | BackupBatch): readonly (readonly ConditionLike[])[] {
  if (invoker.kind === "BackupConfiguration") return [invoker.status?.conditions ?? []];
  return (invoker.status?.memberConditions ?? []).map(({ conditions }) => conditions ?? []);
}

/** @param sessions the invoker's */
export function* conditionSamples(
  invoker: BackupConfiguration | BackupBatch,
  sessions: readonly BackupSession[],
): Generator<Sample> {
  const { kind, metadata } = invoker;
  const labels: Labels = { invoker_kind: kind, invoker_name: metadata.name, namespace: metadata.namespace };
  const lacking = targetConditions(invoker).filter(
    (conditions) => statusOf(conditions, ConditionType.StashSidecarInjected) === "False",
  );
  yield { name: NAME.notInjected, labels, value: lacking.length };
  const applied = sessions
    .filter(({ status }) => isFinalSessionPhase(status?.phase))
    .toSorted((a, b) => createdAt(b) - createdAt(a))
    .map(({ status }) => statusOf(status?.conditions, ConditionType.RetentionPolicyApplied))
    .find((status) => status !== undefined);
  yield { name: NAME.retentionFailed, labels, value: applied === "False" ? 1 : 0 };
  yield { name: NAME.unreadable, labels, value: newestEnded(sessions).ended?.status?.unreadableFiles ?? 0 };
}

function createdAt({ metadata }: BackupSession): number {
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}

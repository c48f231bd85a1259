/** BackupConfiguration, BackupBatch, and what a BackupBlueprint has of them. */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupBlueprint } from "../../shared/api/backup-blueprint.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import type { RetentionPolicy } from "../../shared/api/retention-policy.ts";
import { Driver } from "../../shared/contract.ts";
import { parseDuration } from "../../shared/duration.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { parseSchedule } from "../../shared/schedule/parse.ts";
import { type Finding, fault, warning } from "../../shared/validation/finding.ts";
import { findHookFaults } from "../../shared/validation/hooks.ts";
import { findParamFaults } from "../../shared/validation/reserved-variables.ts";
import { findContainerFaults } from "../../shared/validation/runtime-settings.ts";
import { findBatchFaults, findMemberFaults } from "./members.ts";

type Invoker = BackupConfiguration | BackupBatch;
type ScheduleSpec = Invoker["spec"] | BackupBlueprint["spec"];

/**
 * Validates an invoker by what it says itself.
 *
 * @param old the object before an update
 */
export function findBackupInvokerFindings(invoker: Invoker, old?: Invoker): readonly Finding[] {
  const { metadata, spec } = invoker;
  const members = invoker.kind === "BackupBatch" ? (invoker.spec.members ?? []) : [];
  const memberFindings =
    invoker.kind === "BackupBatch"
      ? members.flatMap((member, index) =>
          findMemberFaults(member, metadata.namespace, `spec.members[${index}]`, "backup"),
        )
      : findMemberFaults(invoker.spec, metadata.namespace, "spec", "backup");
  return [
    ...findScheduleFindings(spec),
    ...findRepositoryFaults(invoker),
    ...memberFindings,
    ...findBatchFaults(members, metadata.namespace),
    ...(invoker.kind === "BackupBatch" ? findHookFaults(spec.hooks, "spec.hooks") : []),
    ...findMovedTarget(invoker, old),
  ];
}

/** Validates a blueprint; what holds `${...}` is known only with a target. */
export function findBlueprintFindings({ spec }: BackupBlueprint): readonly Finding[] {
  const elsewhere = warning(
    "spec.backupNamespace",
    "serves targets of that namespace alone: sidecars and jobs work beside their target",
    "Leave it empty; use repoNamespace to keep the Repositories in one place.",
  );
  const closed = warning(
    "spec.allowedNamespaces",
    `is missing, so only targets of namespace ${spec.repoNamespace} may name the blueprint`,
    "Allow the namespaces whose targets may use the Secret of that namespace.",
  );
  return [
    ...findScheduleFindings(spec),
    ...(spec.repoNamespace && spec.allowedNamespaces === undefined ? [closed] : []),
    ...findHookFaults(spec.hooks, "spec.hooks"),
    ...findContainerFaults(spec, "spec.").filter(({ message }) => !message.includes("${")),
    ...findParamFaults(spec.task?.params, "spec.task.params"),
    ...(spec.backupNamespace ? [elsewhere] : []),
  ];
}

function findRepositoryFaults({ spec }: Invoker): readonly Finding[] {
  if ((spec.driver ?? Driver.Restic) !== Driver.Restic || spec.repository !== undefined) return [];
  return [fault("spec.repository", "is missing", "Name the Repository that holds the backups.")];
}

function findScheduleFindings(spec: ScheduleSpec): readonly Finding[] {
  return [
    ...findCronFaults(spec),
    ...findDurationFaults({
      "spec.timeOut": spec.timeOut,
      "spec.jitter": spec.jitter,
      "spec.retryConfig.delay": spec.retryConfig?.delay,
    }),
    ...findNegatives({
      "spec.backupHistoryLimit": spec.backupHistoryLimit,
      "spec.retryConfig.maxRetry": spec.retryConfig?.maxRetry,
      "spec.startingDeadlineSeconds": spec.startingDeadlineSeconds,
    }),
    ...findRetentionFindings(spec.retentionPolicy),
  ];
}

/** What is wrong with a schedule and its zone. */
export function findCronFaults({
  schedule,
  timeZone,
}: Pick<ScheduleSpec, "schedule" | "timeZone">): readonly Finding[] {
  if (!schedule || schedule.includes("${") || timeZone?.includes("${")) return [];
  const own = [
    ...findScheduleFault("spec.schedule", { schedule, timeZone: undefined }),
    ...findScheduleFault("spec.timeZone", { schedule: ANY_SCHEDULE, timeZone }),
  ];
  // Where each is right by itself they may still differ.
  return own.length > 0 ? own : findScheduleFault("spec.schedule", { schedule, timeZone });
}

const ANY_SCHEDULE = "0 0 * * *";

function findScheduleFault(field: string, text: Parameters<typeof parseSchedule>[0]): readonly Finding[] {
  try {
    parseSchedule(text);
    return [];
  } catch (thrown) {
    return [fault(field, messageOf(thrown), thrown instanceof UserError ? thrown.next : "Write five cron fields.")];
  }
}

/** Durations that can't be read, by their field. */
export function findDurationFaults(texts: Readonly<Record<string, string | undefined>>): readonly Finding[] {
  return Object.entries(texts).flatMap(([field, text]) => {
    if (text === undefined || text.includes("${")) return [];
    try {
      parseDuration(text, field);
      return [];
    } catch (thrown) {
      return [fault(field, messageOf(thrown), "Write a duration such as 30m or 1h30m.")];
    }
  });
}

/** Numbers that must not be negative, by their field. */
export function findNegatives(numbers: Readonly<Record<string, number | undefined>>): readonly Finding[] {
  return Object.entries(numbers)
    .filter(([, value]) => value !== undefined && value < 0)
    .map(([field, value]) => fault(field, `${value} is negative`, "Write zero or more."));
}

const KEEPS = ["keepLast", "keepHourly", "keepDaily", "keepWeekly", "keepMonthly", "keepYearly"] as const;

function findRetentionFindings(policy: RetentionPolicy | undefined): readonly Finding[] {
  if (policy === undefined) return [];
  const negatives = findNegatives(Object.fromEntries(KEEPS.map((key) => [`spec.retentionPolicy.${key}`, policy[key]])));
  if (KEEPS.some((key) => (policy[key] ?? 0) > 0) || negatives.length > 0) return negatives;
  const what = (policy.keepTags ?? []).length > 0 ? "has keepTags alone" : "keeps nothing";
  return [
    warning(
      "spec.retentionPolicy",
      `${what}, so nothing is ever removed`,
      "Set keepLast or another of the keep fields.",
    ),
  ];
}

/**
 * What a working BackupConfiguration backs up stays, as upstream wants it: another target's snapshots would follow under
 * the same names. Paths, mounts and patterns may change.
 */
function findMovedTarget(invoker: Invoker, old: Invoker | undefined): readonly Finding[] {
  if (invoker.kind !== "BackupConfiguration" || old?.kind !== "BackupConfiguration") return [];
  if (old.status?.phase !== "Ready") return [];
  const identity = ({ spec }: BackupConfiguration) =>
    canonicalJson([spec.target?.ref ?? null, spec.target?.alias || null]);
  if (identity(invoker) === identity(old)) return [];
  return [
    fault("spec.target", "ref and alias can't change while the phase is Ready", "Create another BackupConfiguration."),
  ];
}

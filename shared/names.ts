/**
 * Names of the objects that we make, with upstream's formulas and length limits (63 characters unless said otherwise).
 * Deterministic, so that "already exists" means "already done".
 */

export const NAME_MAX_LENGTH = 63;
/** A CronJob's name leaves 11 characters for what the controller appends. */
export const CRON_JOB_NAME_MAX_LENGTH = 52;

function trimDashes(text: string): string {
  return text.replace(/^-+|-+$/g, "");
}

/** `name` cut so that `name-suffix` fits; the suffix is kept whole. */
export function nameWithSuffix(name: string, suffix: string, maxLength = NAME_MAX_LENGTH): string {
  if (suffix.length >= maxLength) return trimDashes(suffix.slice(-maxLength));
  return trimDashes(`${name.slice(0, maxLength - suffix.length - 1)}-${suffix}`);
}

/** `prefix-name`; when too long the first characters stay. */
export function validNameWithPrefix(prefix: string, name: string, maxLength = NAME_MAX_LENGTH): string {
  return trimDashes(`${prefix}-${name}`.slice(0, maxLength));
}

/** `prefix-name-suffix`; when too long the first and the last half stay, joined without a separator. */
export function validNameWithPrefixNSuffix(
  prefix: string,
  name: string,
  suffix: string,
  maxLength = NAME_MAX_LENGTH,
): string {
  const whole = `${prefix}-${name}-${suffix}`;
  if (whole.length <= maxLength) return trimDashes(whole);
  return trimDashes(whole.slice(0, Math.ceil(maxLength / 2)) + whole.slice(-Math.floor(maxLength / 2)));
}

/**
 * A BackupSession's name: the invoker's name and the unix seconds of its due time, so that one slot can't fire twice.
 *
 * @param dueAtMs milliseconds since the epoch
 */
export function backupSessionName(invokerName: string, dueAtMs: number): string {
  return nameWithSuffix(invokerName, String(Math.floor(dueAtMs / 1_000)));
}

/** Name of a backup Job: one a session and target (index in the invoker's list, from 0). */
export function backupJobName(sessionName: string, targetIndex: number): string {
  return validNameWithPrefixNSuffix("stash-backup", sessionName.replaceAll(".", "-"), String(targetIndex));
}

/** Name of a restore Job: one an invoker and target, and one an ordinal where PVCs are made from templates. */
export function restoreJobName(invokerName: string, targetIndex: number, ordinal?: number): string {
  const suffix = ordinal === undefined ? String(targetIndex) : `${targetIndex}-${ordinal}`;
  return validNameWithPrefixNSuffix("stash-restore", invokerName.replaceAll(".", "-"), suffix);
}

/** Name of the Job that looks for the recovery points of a restore. */
export function pointSearchJobName(invokerName: string): string {
  return validNameWithPrefixNSuffix("stash-restore", invokerName.replaceAll(".", "-"), "points");
}

const SHORT_KINDS: Readonly<Record<string, string>> = {
  Deployment: "deploy",
  ReplicationController: "rc",
  DaemonSet: "ds",
  StatefulSet: "sts",
  PersistentVolumeClaim: "pvc",
  Pod: "po",
  AppBinding: "app",
};

/** Upstream's short form of a kind, used in the names of auto-backup objects. */
export function shortKind(kind: string): string {
  return SHORT_KINDS[kind] ?? kind.toLowerCase();
}

const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Whether the API server takes it as the name of an object. */
export function isObjectName(name: string): boolean {
  return OBJECT_NAME.test(name);
}

/**
 * Variables of Tasks and Functions that this product sets. A parameter of that name would make a job work on something else than what its
 * author was asked about, so none may have one. Pure and light.
 */
import { type Finding, fault } from "./finding.ts";

const PREFIXES = [
  "BACKUP_",
  "INVOKER_",
  "PROMETHEUS_",
  "REPOSITORY_",
  "RESTORE_",
  "RETENTION_",
  "STASH_",
  "TARGET_",
] as const;

const NAMES: readonly string[] = [
  "ADDON_IMAGE",
  "DRIVER_ARGS",
  "ENABLE_CACHE",
  "EXCLUDE_PATTERNS",
  "HOSTNAME",
  "INCLUDE_PATTERNS",
  "INTERIM_DATA_DIR",
  "LICENSE_APISERVICE",
  "MAX_CONNECTIONS",
  "NAMESPACE",
  "POD_ORDINAL",
  "SOURCE_HOSTNAME",
];

/** Whether only this product gives the variable its value. */
export function isReservedVariable(name: string): boolean {
  return NAMES.includes(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Faults of a task's parameters. @param field of the list, such as `spec.task.params` */
export function findParamFaults(
  params: readonly { readonly name?: string | undefined }[] | undefined,
  field: string,
): readonly Finding[] {
  return (params ?? []).flatMap(({ name = "" }, index) =>
    isReservedVariable(name)
      ? [fault(`${field}[${index}]`, `${name} is set by stash-batch itself`, "Take the parameter away, or rename it.")]
      : [],
  );
}

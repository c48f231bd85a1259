/** What each kind is, in one sentence: `kubectl explain`, editors, Artifact Hub and docs/fields.md tell it. */
import type { PRINTER_COLUMNS } from "./printer-columns.ts";

export const KIND_MEANINGS = {
  Repository: "A place where restic keeps snapshots, and the Secret that opens it.",
  BackupConfiguration: "Backs up one target into a Repository, on a schedule or on request.",
  BackupBatch: "Backs up the members of one application together, so that they come back together.",
  BackupBlueprint:
    "Makes Repository and BackupConfiguration for each workload, claim or AppBinding that names it in an annotation.",
  BackupSession: "One backup of all members of an invoker: it is made by the schedule, or by whoever wants one now.",
  RestoreSession: "Restores one target from the snapshots of a Repository, once.",
  RestoreBatch: "Restores the members of one application from the same recovery point, once.",
  BackupVerifier: "Restores recovery points of an invoker beside the application, to see that they come back.",
  BackupVerificationSession:
    "One drill: a recovery point is restored beside the application, looked at and thrown away.",
  HostRun:
    "What the reconciler has given to one pod to do for one host, and what that pod reports. Nobody else writes it.",
  Function: "A container that a Task runs as one of its steps.",
  Task: "The steps of a Job that backs up or restores a target by other means than its files.",
  AppBinding: "The address of an application such as a database, and the Secret with its credentials.",
} as const satisfies Record<keyof typeof PRINTER_COLUMNS, string>;

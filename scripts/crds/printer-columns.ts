/** Columns that `kubectl get` prints, by kind. Age comes last everywhere; wide columns follow it. */
import type { KindName } from "../../shared/api/kinds.ts";

export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "boolean" | "integer" | "date";
  readonly jsonPath: string;
  /** Above 0: only with `-o wide`. */
  readonly priority?: number;
}

function column(name: string, jsonPath: string, type: PrinterColumn["type"] = "string"): PrinterColumn {
  return { name, type, jsonPath };
}

function wide(name: string, jsonPath: string, type: PrinterColumn["type"] = "string"): PrinterColumn {
  return { ...column(name, jsonPath, type), priority: 1 };
}

const age = column("Age", ".metadata.creationTimestamp", "date");
const task = column("Task", ".spec.task.name");
const schedule = column("Schedule", ".spec.schedule");
const paused = column("Paused", ".spec.paused", "boolean");
const phase = column("Phase", ".status.phase");
const sessionDuration = column("Duration", ".status.sessionDuration");
const repository = column("Repository", ".spec.repository.name");
const nextAndLastRun = [
  wide("Last-Success", ".status.lastSuccessfulTime", "date"),
  // A string: kubectl prints a date column as the time since, and a time to come as <invalid>.
  wide("Next", ".status.nextRuns[0]"),
];

export const PRINTER_COLUMNS: Readonly<Record<Exclude<KindName, "Snapshot">, readonly PrinterColumn[]>> = {
  Repository: [
    column("Integrity", ".status.integrity", "boolean"),
    column("Size", ".status.totalSize"),
    column("Snapshot-Count", ".status.snapshotCount", "integer"),
    column("Last-Successful-Backup", ".status.lastBackupTime", "date"),
    age,
    column("Last-Check", ".status.lastCheckTime", "date"),
    column("Last-Prune", ".status.lastPruneTime", "date"),
    wide("Maintenance", ".status.maintenanceRuns[0].phase"),
  ],
  BackupConfiguration: [task, schedule, paused, phase, age, ...nextAndLastRun],
  BackupBatch: [schedule, paused, phase, age, ...nextAndLastRun],
  BackupBlueprint: [task, schedule, age],
  BackupSession: [
    column("Invoker-Type", ".spec.invoker.kind"),
    column("Invoker-Name", ".spec.invoker.name"),
    phase,
    sessionDuration,
    age,
    wide("Unreadable-Files", ".status.unreadableFiles"),
  ],
  RestoreSession: [repository, phase, sessionDuration, age],
  RestoreBatch: [repository, phase, sessionDuration, age],
  HostRun: [
    column("Work", ".spec.work"),
    column("Run", ".spec.run.name"),
    column("Host", ".spec.host"),
    column("Pod", ".spec.pod.name"),
    phase,
    age,
  ],
  Function: [age],
  Task: [age],
  AppBinding: [column("Type", ".spec.type"), column("Version", ".spec.version"), age],
};

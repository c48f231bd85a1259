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
const duration = column("Duration", ".status.sessionDuration");
const repository = column("Repository", ".spec.repository.name");
const members = column("Members", ".status.membersDone");
const ready = column("Ready", '.status.conditions[?(@.type=="Ready")].status');
const why = wide("Why", '.status.conditions[?(@.type=="Ready")].message');
const invoker = [
  schedule,
  paused,
  column("Last-Point", ".status.lastRecoveryPoint.time", "date"),
  // A string: kubectl prints a date column as the time since, and a time to come as <invalid>.
  column("Next", ".status.nextRuns[0]"),
  phase,
  ready,
  age,
  wide("Last-Success", ".status.lastSuccessfulTime", "date"),
  why,
];
const restore = [repository, members, phase, duration, ready, age, why];

export const PRINTER_COLUMNS: Readonly<Record<Exclude<KindName, "Snapshot">, readonly PrinterColumn[]>> = {
  Repository: [
    column("Integrity", ".status.integrity", "boolean"),
    column("Last-Point", ".status.lastRecoveryPoint.time", "date"),
    column("Points", ".status.recoveryPoints", "integer"),
    column("Size", ".status.totalSize"),
    column("Last-Check", ".status.lastCheckTime", "date"),
    column("Last-Prune", ".status.lastPruneTime", "date"),
    ready,
    age,
    wide("Snapshot-Count", ".status.snapshotCount", "integer"),
    wide("Last-Successful-Backup", ".status.lastBackupTime", "date"),
    wide("Maintenance", ".status.maintenanceRuns[0].phase"),
    why,
  ],
  BackupConfiguration: [task, ...invoker],
  BackupBatch: invoker,
  BackupBlueprint: [task, schedule, age],
  BackupSession: [
    column("Invoker-Type", ".spec.invoker.kind"),
    column("Invoker-Name", ".spec.invoker.name"),
    members,
    column("Size", ".status.totalSize"),
    column("Point", ".status.point"),
    phase,
    duration,
    ready,
    age,
    wide("Unreadable-Files", ".status.unreadableFiles"),
    why,
  ],
  RestoreSession: restore,
  RestoreBatch: restore,
  BackupVerifier: [
    column("Invoker", ".spec.invoker.name"),
    column("Type", ".spec.type"),
    schedule,
    paused,
    column("Last-Proven", ".status.lastProven.time", "date"),
    ready,
    age,
    why,
  ],
  BackupVerificationSession: [
    column("Verifier", ".spec.verifier"),
    column("Point", ".status.point.session"),
    column("Step", ".status.step"),
    phase,
    column("Recovery-Time", ".status.recoveryTime"),
    ready,
    age,
    why,
  ],
  HostRun: [
    column("Work", ".spec.work"),
    column("Run", ".spec.run.name"),
    column("Host", ".spec.host"),
    column("Pod", ".spec.pod.name"),
    phase,
    ready,
    age,
  ],
  Function: [age],
  Task: [age],
  AppBinding: [column("Type", ".spec.type"), column("Version", ".spec.version"), age],
};

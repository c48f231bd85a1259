/** Names of upstream's metrics: each value stands under a new and an old one. */
import type { GaugeSpec, Sample } from "./gauge-table.ts";

const NEW_PREFIX = "stash_appscode_com_";
const OLD_PREFIX = "stash_";

const COMMON = ["invoker_kind", "invoker_name", "namespace", "driver", "repository"] as const;
const TARGET = [...COMMON, "kind", "group", "name"] as const;
const HOST = [...TARGET, "hostname"] as const;
const REPOSITORY = ["name", "namespace", "backend", "bucket", "prefix"] as const;

interface UpstreamMetric {
  readonly name: string;
  readonly oldName: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

function metric(name: string, oldName: string, labelNames: readonly string[], help: string): UpstreamMetric {
  return { name, oldName, help, labelNames };
}

const UPSTREAM = {
  sessionSuccess: metric(
    "backupsession_success",
    "backup_session_success",
    COMMON,
    "1 when the newest session that ended succeeded",
  ),
  sessionDuration: metric(
    "backupsession_duration_seconds",
    "backup_session_duration_seconds",
    COMMON,
    "how long it took",
  ),
  sessionTargets: metric(
    "backupsession_target_count_total",
    "backup_target_count_total",
    COMMON,
    "how many targets it had",
  ),
  sessionLastSuccess: metric(
    "backupsession_last_success_time_seconds",
    "backup_last_success_time_seconds",
    COMMON,
    "when the newest session that succeeded ended",
  ),
  targetSuccess: metric(
    "backupsession_target_success",
    "backup_target_success",
    TARGET,
    "1 when the target was backed up",
  ),
  targetHosts: metric(
    "backupsession_target_host_count_total",
    "backup_target_host_count_total",
    TARGET,
    "how many hosts the target has",
  ),
  targetLastSuccess: metric(
    "backupsession_target_last_success_time_seconds",
    "backup_target_last_success_time_seconds",
    TARGET,
    "when the target was last backed up",
  ),
  hostSuccess: metric(
    "backupsession_host_backup_success",
    "backup_host_backup_success",
    HOST,
    "1 when the host was backed up",
  ),
  hostDuration: metric(
    "backupsession_host_backup_duration_seconds",
    "backup_host_backup_duration_seconds",
    HOST,
    "how long it took",
  ),
  hostSize: metric(
    "backupsession_host_data_size_bytes",
    "backup_host_data_size_bytes",
    HOST,
    "size of the data that was backed up",
  ),
  hostUploaded: metric(
    "backupsession_host_data_uploaded_bytes",
    "backup_host_data_uploaded_bytes",
    HOST,
    "what the repository grew by",
  ),
  hostProcessing: metric(
    "backupsession_host_data_processing_time_seconds",
    "backup_host_data_processing_time_seconds",
    HOST,
    "how long restic took",
  ),
  hostFiles: metric("backupsession_host_files_total", "backup_host_files_total", HOST, "files that were backed up"),
  hostFilesNew: metric("backupsession_host_files_new", "backup_host_files_new", HOST, "files that are new"),
  hostFilesModified: metric(
    "backupsession_host_files_modified",
    "backup_host_files_modified",
    HOST,
    "files that changed",
  ),
  hostFilesUnmodified: metric(
    "backupsession_host_files_unmodified",
    "backup_host_files_unmodified",
    HOST,
    "files that did not change",
  ),
  restoreSuccess: metric("restoresession_success", "restore_session_success", COMMON, "1 when the restore succeeded"),
  restoreDuration: metric(
    "restoresession_duration_seconds",
    "restore_session_duration_seconds",
    COMMON,
    "how long it took",
  ),
  restoreTargets: metric(
    "restoresession_target_count_total",
    "restore_target_count_total",
    COMMON,
    "how many targets it had",
  ),
  restoreTargetSuccess: metric(
    "restoresession_target_success",
    "restore_target_success",
    TARGET,
    "1 when the target was restored",
  ),
  restoreTargetHosts: metric(
    "restoresession_target_host_count_total",
    "restore_target_host_count_total",
    TARGET,
    "how many hosts the target has",
  ),
  restoreHostSuccess: metric(
    "restoresession_host_restore_success",
    "restore_host_restore_success",
    HOST,
    "1 when the host was restored",
  ),
  restoreHostDuration: metric(
    "restoresession_host_restore_duration_seconds",
    "restore_host_restore_duration_seconds",
    HOST,
    "how long it took",
  ),
  repositoryIntegrity: metric(
    "repository_integrity",
    "repository_integrity",
    REPOSITORY,
    "1 when the checks know of no fault, neither in the structure nor in the data",
  ),
  repositorySize: metric("repository_size_bytes", "repository_size_bytes", REPOSITORY, "size of the repository"),
  repositorySnapshots: metric(
    "repository_snapshot_count",
    "repository_snapshot_count",
    REPOSITORY,
    "snapshots in the repository",
  ),
  repositoryCleaned: metric(
    "repository_snapshot_cleaned",
    "repository_snapshot_cleaned",
    REPOSITORY,
    "snapshots that retention last removed",
  ),
} as const;

export type UpstreamName = keyof typeof UPSTREAM;

/** Both names of every metric. */
export const UPSTREAM_GAUGES: readonly GaugeSpec[] = Object.values(UPSTREAM).flatMap(
  ({ name, oldName, help, labelNames }) => [
    { name: `${NEW_PREFIX}${name}`, help, labelNames },
    { name: `${OLD_PREFIX}${oldName}`, help, labelNames },
  ],
);

/** One value under both names; nothing when there is none. */
export function samples(
  key: UpstreamName,
  labels: Readonly<Record<string, string>>,
  value: number | undefined,
): readonly Sample[] {
  if (value === undefined || Number.isNaN(value)) return [];
  const { name, oldName } = UPSTREAM[key];
  return [
    { name: `${NEW_PREFIX}${name}`, labels, value },
    { name: `${OLD_PREFIX}${oldName}`, labels, value },
  ];
}

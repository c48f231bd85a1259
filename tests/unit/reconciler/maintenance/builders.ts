import { maintenanceJobName } from "../../../../reconciler/maintenance/names.ts";
import type { MaintenanceJob, MaintenanceView } from "../../../../reconciler/maintenance/view.ts";
import { type HostRun, parseHostRun } from "../../../../shared/api/host-run.ts";
import type { HostActionResult } from "../../../../shared/api/host-stats.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { parseRepository, type Repository, type RepositoryStatus } from "../../../../shared/api/repository.ts";

export const NOW = new Date("2026-01-10T02:00:00Z");
export const LIMITS = { maintenanceMs: 6 * 3_600_000, maintenanceDelayMs: 30_000, podWaitMs: 5 * 60_000 };

/** Checked and pruned an hour before NOW. */
export const FRESH: RepositoryStatus = {
  firstBackupTime: "2026-01-01T00:00:00Z",
  lastCheckTime: "2026-01-10T01:00:00Z",
  lastReadDataCheckTime: "2026-01-09T01:00:00Z",
  lastPruneTime: "2026-01-10T01:00:00Z",
};

export function aRepository(status: RepositoryStatus = {}, change: object = {}, metadata: object = {}): Repository {
  return parseRepository({
    apiVersion: KINDS.Repository.apiVersion,
    kind: "Repository",
    metadata: { name: "store", namespace: "vault", uid: "uid-store", ...metadata },
    spec: { backend: { rest: { url: "http://store:8000/" } }, ...change },
    status: { ...FRESH, ...status },
  });
}

export function aView(repository: Repository, change: Partial<MaintenanceView> = {}): MaintenanceView {
  return {
    repository,
    isPruneWanted: true,
    user: undefined,
    restSinceMs: undefined,
    jobs: [],
    hostRuns: [],
    deletions: [],
    locks: { formerPods: [], lockOwners: new Map() },
    problem: undefined,
    sinceTryMs: new Map(),
    limits: LIMITS,
    ...change,
  };
}

export function aJob(repository: Repository, change: Partial<MaintenanceJob> = {}): MaintenanceJob {
  const startedAt = repository.status?.maintenanceRuns?.[0]?.startedAt ?? "";
  return {
    namespace: "vault",
    name: maintenanceJobName(repository, startedAt),
    uid: "uid-job",
    outcome: { kind: "running" },
    completeForMs: 0,
    pod: { name: "pod", uid: "uid-pod" },
    ...change,
  };
}

export function aHostRun(results: readonly HostActionResult[], podUid = "uid-pod", status: object = {}): HostRun {
  return parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: "HostRun",
    metadata: { name: "run", namespace: "vault", uid: "uid-run" },
    spec: {
      work: "Maintain",
      run: { kind: "Repository", name: "store" },
      host: "pod",
      pod: { name: "pod", uid: podUid },
    },
    status: { results, ...status },
  });
}

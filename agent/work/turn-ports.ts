/** What everything that serves a host run works with. */
import type { HostRun } from "../../shared/api/host-run.ts";
import { boundLocks } from "../../shared/listed-locks.ts";
import type { backupHost } from "../backup/host.ts";
import type { AgentApi } from "../kube/api.ts";
import { createWithLock, type WithLock } from "../locks/patience.ts";
import type { DeadRestic } from "../locks/running-restic.ts";
import type { Logger } from "../log.ts";
import type { OwnRuns } from "../own-runs.ts";
import { createRunReporter, type RunReporter } from "../report/run-reporter.ts";
import type { Restic } from "../restic/client.ts";
import type { AgentSettings } from "../settings.ts";
import type { Stopper } from "./stop.ts";

export interface WorkPorts {
  readonly settings: AgentSettings;
  readonly api: AgentApi;
  readonly runs: OwnRuns;
  readonly stopper: Stopper;
  readonly log: Logger;
  /** restic processes of this container that ended without unlocking. */
  dead(): readonly DeadRestic[];
  now(): Date;
}

export interface TurnPorts extends WorkPorts {
  /** Paths where the member names none: a job backs up the volume that is mounted for it. */
  readonly defaultPaths: readonly string[];
  /** What saves the host's data; files by default. */
  readonly saveHost?: typeof backupHost | undefined;
}

/** Reporter of a host run; the work stops when that is gone. */
export function reporterOf(run: HostRun, ports: WorkPorts): RunReporter {
  const reporter = createRunReporter(run, ports);
  reporter.lost.addEventListener("abort", () => ports.stopper.stop({ kind: "lost" }), { once: true });
  return reporter;
}

/** Patience with locks that tells what is in the way through the host run. */
export function withLockOf(
  run: HostRun,
  restic: Restic,
  reporter: RunReporter,
  ports: WorkPorts,
  patienceMs?: number,
): WithLock {
  return createWithLock({
    ...(patienceMs !== undefined && { patienceMs }),
    restic,
    signal: ports.stopper.signal,
    log: ports.log,
    dead: ports.dead,
    now: ports.now,
    removable: () => (ports.runs.get(run.metadata.name) ?? run).spec.actionParams?.removableLocks ?? [],
    changed: (signal) => ports.runs.changed(signal),
    report(locks) {
      const isListed = run.spec.work === "Maintain" && locks.length > 0;
      const listedLocks = { seenAt: ports.now().toISOString(), locks: boundLocks(locks) };
      reporter.set({
        locks,
        reason: locks.length > 0 ? "REPOSITORY_LOCKED" : "",
        ...(isListed && { listedLocks }),
      });
    },
  });
}

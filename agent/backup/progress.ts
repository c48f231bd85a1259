/** Progress of a host over all its paths, and the heartbeat that carries it. */
import type { HostProgress } from "../../shared/api/host-stats.ts";
import type { RunReporter } from "../report/run-reporter.ts";
import type { BackupProgress } from "../restic/messages.ts";

/** How often a host tells that it lives where nobody says so; the reconciler says less often the more hosts there are. */
const HEARTBEAT_SECONDS = 10;

export interface PathProgress {
  readonly pathsDone: number;
  readonly pathsTotal: number;
  /** Sums of the paths that are done. */
  readonly bytesDone: number;
  readonly filesDone: number;
  readonly current: BackupProgress | undefined;
}

/** Status of the host: each path counts as the same share, since sizes of later paths are not known yet. */
export function buildProgress(progress: PathProgress): Progress {
  const { current } = progress;
  const share = (progress.pathsDone + (current?.share ?? 0)) / Math.max(1, progress.pathsTotal);
  return {
    percent: Math.min(100, Math.round(share * 1_000) / 10),
    bytesDone: progress.bytesDone + Math.round(current?.bytesDone ?? 0),
    bytesTotal: progress.bytesDone + Math.round(current?.bytesTotal ?? 0),
    filesDone: progress.filesDone + Math.round(current?.filesDone ?? 0),
    filesTotal: progress.filesDone + Math.round(current?.filesTotal ?? 0),
    ...(current?.secondsLeft !== undefined &&
      progress.pathsDone + 1 >= progress.pathsTotal && { etaSeconds: Math.round(current.secondsLeft) }),
  };
}

/** Progress without the time at which it is told. */
export type Progress = Omit<HostProgress, "heartbeat">;

export interface Heartbeat {
  update(progress: Progress): void;
  /** What would be told now. */
  current(): HostProgress;
  stop(): void;
}

export interface HeartbeatOptions {
  /** Seconds between two; 10 when undefined. */
  readonly everySeconds: number | undefined;
  readonly first?: Progress | undefined;
}

/** Sends the progress in even steps, also when nothing moved: it says that the agent lives. */
export function startHeartbeat(reporter: RunReporter, now: () => Date, options: HeartbeatOptions): Heartbeat {
  let latest = options.first ?? {};
  const current = (): HostProgress => ({ ...latest, heartbeat: now().toISOString() });
  const timer = setInterval(
    () => reporter.set({ progress: current() }),
    (options.everySeconds ?? HEARTBEAT_SECONDS) * 1_000,
  );
  return {
    update: (progress) => {
      latest = progress;
    },
    current,
    stop: () => clearInterval(timer),
  };
}

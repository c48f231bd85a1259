/** Progress of a restore as the status tells it. Pure. */
import type { Progress } from "../backup/progress.ts";

/** Sums over all snapshots of the host. */
export interface RestoreProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly filesDone: number;
  readonly filesTotal: number;
}

export const NO_PROGRESS: RestoreProgress = { bytesDone: 0, bytesTotal: 0, filesDone: 0, filesTotal: 0 };

export function addProgress(a: RestoreProgress, b: RestoreProgress): RestoreProgress {
  return {
    bytesDone: a.bytesDone + b.bytesDone,
    bytesTotal: a.bytesTotal + b.bytesTotal,
    filesDone: a.filesDone + b.filesDone,
    filesTotal: a.filesTotal + b.filesTotal,
  };
}

export function buildRestoreProgress(progress: RestoreProgress): Progress {
  const { bytesDone, bytesTotal } = progress;
  const share = bytesTotal === 0 ? 0 : Math.min(1, bytesDone / bytesTotal);
  return { percent: Math.round(share * 1_000) / 10, ...progress };
}

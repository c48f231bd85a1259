/** What a host is to restore, and by what. */
import type { AppBindingOrder } from "../../shared/api/host-run.ts";
import type { RestoredSnapshot } from "../../shared/api/host-stats.ts";
import type { ChosenPoint, RestoreHost, RestoreRule } from "../../shared/target/restore-rules.ts";
import type { WithLock } from "../locks/patience.ts";
import type { Logger } from "../log.ts";
import type { Restic } from "../restic/client.ts";
import type { RestoreProgress } from "./progress.ts";

export interface HostRestore {
  readonly host: RestoreHost;
  readonly rules: readonly RestoreRule[];
  readonly point: ChosenPoint | undefined;
  readonly args: readonly string[];
  /** The application whose data it is, where it is one's. */
  readonly appBinding?: AppBindingOrder | undefined;
  readonly targetFolder: string;
  readonly isVerified: boolean;
  /** User that restores. */
  readonly runsAs: number;
}

export interface HostRestorePorts {
  readonly restic: Restic;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly withLock: WithLock;
  /** Is called when all is known to be there, right before the first file is written. */
  beforeWrite(): Promise<void>;
  onProgress(progress: RestoreProgress): void;
  /** A snapshot is restored. */
  onRestored(restored: readonly RestoredSnapshot[]): void;
}

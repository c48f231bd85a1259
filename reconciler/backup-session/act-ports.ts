/** What the actions on a session need. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import type { Clock } from "../../shared/kube/clock.ts";
import type { EventRecorder } from "../../shared/kube/events.ts";
import type { Logger } from "../../shared/log.ts";
import type { HookRunner } from "../hooks/hook-runner.ts";
import type { JobMaker } from "../jobs/job-maker.ts";
import type { Recorded } from "../run/records.ts";
import type { SessionMemories } from "./memory.ts";

export interface ActPorts {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "get" | "patch" | "patchStatus">;
  readonly hooks: HookRunner;
  readonly jobs: Pick<JobMaker, "endJob" | "makeBackupJob" | "problems">;
  readonly clock: Pick<Clock, "now">;
  readonly events: EventRecorder;
  readonly memories: SessionMemories;
  /** The session as the API server has it, and what its records hold. */
  readonly stored: { readonly session: BackupSession; readonly recorded: Recorded };
  readonly log: Logger;
  /** Look at the session again. */
  readonly wake: () => void;
  readonly signal: AbortSignal;
}

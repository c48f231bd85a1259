/** Applications and how they are. Types alone: the server of `kubectl stash ui` fills them, the pages show them. */
import type { Paged } from "./envelope.ts";

export type DayState = "Complete" | "Incomplete" | "Missed" | "Running" | "None" | "Unknown";

export interface Day {
  /** `2026-05-01`, in the reader's zone. */
  readonly date: string;
  readonly state: DayState;
  /** Complete points of that day, of so many runs; both as far as they are known. */
  readonly complete: number;
  readonly runs: number;
}

export interface ApplicationName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface ApplicationHealth extends ApplicationName {
  /** Of `kubectl stash status`, or Unknown where its sessions or Repository can't be read. */
  readonly state: string;
  readonly point?: { readonly session?: string | undefined; readonly time: string } | undefined;
  readonly periodMs?: number | undefined;
  readonly lastRun?:
    | { readonly session: string; readonly phase: string; readonly code?: string | undefined }
    | undefined;
  readonly nextRun?: string | undefined;
  /** The last drill that proved a point of it. */
  readonly proven?: { readonly time: string; readonly recoverySeconds?: number | undefined } | undefined;
  readonly message?: string | undefined;
  readonly next?: string | undefined;
}

export interface OverviewRow extends ApplicationHealth {
  readonly days: readonly Day[];
}

export interface OverviewView extends Paged {
  readonly rows: readonly OverviewRow[];
  /** How many applications are in each state, worst first. */
  readonly counts: readonly { readonly state: string; readonly count: number }[];
}

/** Sessions and restores, as they go and as they went. Types alone: the server of `kubectl stash ui` fills them, the pages show them. */
import type { ApplicationHealth, Day } from "./application.ts";
import type { Paged } from "./envelope.ts";

export interface Failure {
  readonly code?: string | undefined;
  readonly member?: string | undefined;
  readonly message: string;
  readonly next?: string | undefined;
}

export interface Span {
  readonly kind: "host" | "hook" | "step";
  readonly label: string;
  readonly phase: string;
  readonly startedAt: string;
  /** Undefined while it goes on. */
  readonly finishedAt?: string | undefined;
}

export interface Progress {
  readonly percent?: number | undefined;
  readonly bytesDone?: number | undefined;
  readonly bytesTotal?: number | undefined;
  readonly filesDone?: number | undefined;
  readonly filesTotal?: number | undefined;
  readonly etaSeconds?: number | undefined;
}

export interface Hook {
  readonly type: string;
  readonly host?: string | undefined;
  readonly phase: string;
  readonly startedAt?: string | undefined;
  readonly finishedAt?: string | undefined;
  readonly message?: string | undefined;
  readonly output?: string | undefined;
}

export interface Snapshot {
  readonly id: string;
  readonly path: string;
  readonly sizeBytes?: number | undefined;
  readonly addedBytes?: number | undefined;
}

export interface Host {
  readonly name: string;
  readonly phase: string;
  readonly pod?: string | undefined;
  readonly podUid?: string | undefined;
  readonly node?: string | undefined;
  readonly attempt?: number | undefined;
  readonly failure?: Failure | undefined;
  readonly warnings: readonly string[];
  readonly unreadableFiles?: number | undefined;
  readonly progress?: Progress | undefined;
  readonly snapshots: readonly Snapshot[];
}

/** What a drill found about a member that it restored. */
export interface MemberProof {
  readonly restoreSeconds?: number | undefined;
  readonly files?: number | undefined;
  readonly bytes?: number | undefined;
  /** Files whose contents were compared. */
  readonly compared?: number | undefined;
  readonly comparedBytes?: number | undefined;
  readonly tableCount?: number | undefined;
  readonly rows?: number | undefined;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  readonly queries: readonly {
    readonly statement: string;
    readonly value?: string | undefined;
    readonly isGood: boolean;
    readonly message?: string | undefined;
  }[];
  readonly findings: readonly { readonly code: string; readonly path?: string | undefined; readonly message: string }[];
  /** Those that are not told too. */
  readonly findingCount: number;
  /** What was not looked at, and why. */
  readonly unproven: readonly string[];
}

export interface Drill {
  readonly verifier: string;
  readonly step?: string | undefined;
  readonly steps: readonly Span[];
  /** How old the point was when the drill began. */
  readonly pointAgeSeconds?: number | undefined;
  readonly recoverySeconds?: number | undefined;
  readonly limitSeconds?: number | undefined;
  readonly checks: readonly {
    readonly name: string;
    readonly isGood: boolean;
    readonly message?: string | undefined;
  }[];
  readonly script?: { readonly exitCode?: number | undefined; readonly output?: string | undefined } | undefined;
  readonly isSigned: boolean;
}

/** How long recoveries took that drills made, oldest first. */
export interface Recoveries {
  /** Whether there is a verifier. */
  readonly isVerified: boolean;
  readonly limitSeconds?: number | undefined;
  readonly rows: readonly {
    /** Undefined: Prometheus tells of it. */
    readonly drill?: string | undefined;
    readonly session?: string | undefined;
    readonly time: string;
    readonly seconds: number;
  }[];
}

export interface Lane {
  readonly name: string;
  readonly phase: string;
  /** Why it waits or failed. */
  readonly message?: string | undefined;
  readonly failure?: Failure | undefined;
  readonly progress?: Progress | undefined;
  readonly spans: readonly Span[];
  readonly hosts: readonly Host[];
  readonly hostPages: Paged;
  /** Hosts that the status counts and does not list. */
  readonly unlistedHosts: number;
  readonly hooks: readonly Hook[];
  /** Of a drill. */
  readonly proof?: MemberProof | undefined;
}

export interface RunName {
  readonly kind: string;
  readonly name: string;
}

export interface RunSummary extends RunName {
  readonly phase: string;
  readonly time?: string | undefined;
  readonly duration?: string | undefined;
  readonly trigger?: string | undefined;
  readonly code?: string | undefined;
}

export interface Run extends RunSummary {
  readonly startedAt?: string | undefined;
  readonly endedAt?: string | undefined;
  readonly deadline?: string | undefined;
  readonly repository?: string | undefined;
  /** Of a restore: which point it takes. */
  readonly point?: string | undefined;
  readonly failure?: Failure | undefined;
  /** What it waits for. */
  readonly message?: string | undefined;
  readonly hasEnded: boolean;
  /** Of one page; where there are more, those that failed or are at work come first. */
  readonly lanes: readonly Lane[];
  readonly lanePages: Paged;
  readonly hooks: readonly Hook[];
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string | undefined;
    readonly message?: string | undefined;
  }[];
  readonly drill?: Drill | undefined;
}

export interface ApplicationView {
  /** Undefined where there is no such application, as far as it can be read. */
  readonly application?:
    | (ApplicationHealth & {
        readonly schedule?: string | undefined;
        readonly zone?: string | undefined;
        readonly isPaused: boolean;
        readonly repository?: string | undefined;
        readonly members: readonly string[];
        readonly days: readonly Day[];
      })
    | undefined;
  readonly recoveries?: Recoveries | undefined;
  readonly runs: Paged & { readonly rows: readonly RunSummary[] };
  readonly run?: Run | undefined;
}

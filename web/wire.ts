/** What the pages are told, as JSON. Types alone: the server of `kubectl stash ui` fills them, the pages show them. */

/** Something that keeps a page from showing all there is. */
export interface Notice {
  readonly kind: "missing-right" | "away" | "fault" | "unreadable";
  readonly message: string;
  /** What to do. */
  readonly next?: string | undefined;
  /** RFC 3339: since when what is shown may be old. */
  readonly since?: string | undefined;
}

/** Every page comes in one of these. Times are RFC 3339; ages are counted from `now`, the server's clock. */
export interface Envelope<View> {
  readonly now: string;
  /** Whether the first lists are still being read. */
  readonly isLoading: boolean;
  readonly notices: readonly Notice[];
  readonly view: View;
}

export interface Failure {
  readonly code?: string | undefined;
  readonly member?: string | undefined;
  readonly message: string;
  readonly next?: string | undefined;
}

/** What the server says instead of an answer. */
export interface Refusal {
  readonly error: { readonly code: string; readonly message: string; readonly next: string };
}

/** An answer to what a page asks once. */
export type Reply<Value> = { readonly value: Value } | Refusal;

export interface About {
  readonly server: string;
  /** Undefined: all namespaces. */
  readonly scope?: string | undefined;
  readonly version: string;
  readonly allowsActions: boolean;
}

export interface Paged {
  readonly total: number;
  /** From 0. */
  readonly page: number;
  readonly pageSize: number;
}

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

export interface Span {
  readonly kind: "host" | "hook";
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

/** One member of a run. */
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
  readonly lanes: readonly Lane[];
  readonly hooks: readonly Hook[];
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string | undefined;
    readonly message?: string | undefined;
  }[];
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
  readonly runs: Paged & { readonly rows: readonly RunSummary[] };
  readonly run?: Run | undefined;
}

export interface PointRow {
  readonly namespace: string;
  readonly session: string;
  readonly time: string;
  readonly application?: ApplicationName | undefined;
  readonly repository?: string | undefined;
  readonly isComplete: boolean;
  /** Undefined where nobody tells. */
  readonly sizeBytes?: number | undefined;
  readonly addedBytes?: number | undefined;
  readonly members?: readonly { readonly name: string; readonly isSaved: boolean }[] | undefined;
  /** Which object told of it. */
  readonly source: string;
}

export interface PointsView extends Paged {
  readonly rows: readonly PointRow[];
}

export interface RepositoryRow {
  readonly namespace: string;
  readonly name: string;
  readonly backend: string;
  /** Undefined: nobody checked. */
  readonly integrity?: boolean | undefined;
  readonly totalSize?: string | undefined;
  readonly snapshots?: number | undefined;
  readonly points?: number | undefined;
  readonly lastBackup?: string | undefined;
  readonly lastCheck?: string | undefined;
  readonly lastDataCheck?: string | undefined;
  readonly users: readonly string[];
  /** Size of the data and what it added, by session, oldest first; of sessions that are kept. */
  readonly history: readonly {
    readonly time: string;
    readonly session: string;
    readonly sizeBytes: number;
    /** Undefined where nobody tells. */
    readonly addedBytes?: number | undefined;
  }[];
}

export interface RepositoriesView extends Paged {
  readonly rows: readonly RepositoryRow[];
}

export interface CalendarRun extends ApplicationName {
  readonly time: string;
  /** Of the schedule. */
  readonly zone: string;
  readonly repository?: string | undefined;
  /** Others that are due in the same minute on the same repository. */
  readonly overlaps: readonly string[];
}

export interface CalendarView {
  readonly from: string;
  readonly until: string;
  readonly runs: Paged & { readonly rows: readonly CalendarRun[] };
  /** Applications of which no run comes by itself, or not as often as they say, and why. */
  readonly others: readonly (ApplicationName & { readonly why: string })[];
}

export interface CoverageView {
  readonly covered: number;
  readonly rows: readonly {
    readonly state: string;
    readonly namespace: string;
    readonly kind: string;
    readonly name: string;
    readonly by: readonly string[];
    readonly why: string;
    readonly add?: string | undefined;
  }[];
  readonly failures: readonly string[];
}

export interface DoctorOrder {
  /** Of the installation. */
  readonly namespace: string;
}

export interface DoctorView {
  readonly findings: readonly {
    readonly check: string;
    readonly status: string;
    readonly message: string;
    readonly fix?: string | undefined;
  }[];
}

export interface ExplainOrder {
  /** YAML documents. */
  readonly text: string;
}

export interface ExplainView {
  /** How the image is called in it. */
  readonly image: string;
  /** Of objects that name none. */
  readonly namespace: string;
  /** One a workload or object of ours: the decision, its reasons, and the change. */
  readonly texts: readonly string[];
}

export interface LogOrder {
  /** Of the run. */
  readonly kind: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
}

export interface LogView {
  /** At most so many of each. */
  readonly lines: number;
  readonly containers: readonly { readonly container: string; readonly text: string }[];
}

export interface PlanOrder extends ApplicationName {
  readonly session: string;
}

export interface PlanAnswer {
  /** Names this plan when it is applied. */
  readonly id: string;
  readonly restore: RunName & { readonly namespace: string };
  readonly yaml: string;
  /** Whether the API server took it in a dry run, and restic was asked for one. */
  readonly isChecked: boolean;
  readonly notes: readonly string[];
  readonly point?: { readonly session: string; readonly time: string; readonly isComplete: boolean } | undefined;
  readonly members: readonly {
    readonly name: string;
    readonly step: number;
    readonly target: string;
    readonly how: string;
    readonly restarts: string;
    readonly snapshots: readonly Snapshot[];
    readonly sizeBytes: number;
  }[];
  /** What restic's own dry run says of the members' files, line by line; nothing where it was not asked. */
  readonly files: readonly string[];
  readonly waitsFor: readonly string[];
  readonly leftOut: readonly string[];
}

export interface ApplyOrder {
  readonly id: string;
  /** Name of the application, as a person typed it. */
  readonly typedName: string;
}

export interface Started extends RunName {
  readonly namespace: string;
}

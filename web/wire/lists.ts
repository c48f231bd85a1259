/** Recovery points, Repositories, and what is due. Types alone: the server of `kubectl stash ui` fills them, the pages show them. */
import type { ApplicationName } from "./application.ts";
import type { Paged } from "./envelope.ts";

/** What drills say of a point. */
export interface PointProof {
  readonly state: "Proven" | "Failed" | "Running" | "None" | "Unknown";
  /** The drill; whether it can still be looked at. */
  readonly by?: string | undefined;
  readonly isKept?: boolean | undefined;
  readonly time?: string | undefined;
  readonly recoverySeconds?: number | undefined;
  readonly summary?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  /** Of one that was proven before. */
  readonly before?:
    | { readonly by: string; readonly time: string; readonly recoverySeconds?: number | undefined }
    | undefined;
}

export interface PointRow {
  readonly namespace: string;
  readonly session: string;
  readonly time: string;
  readonly application?: ApplicationName | undefined;
  readonly repository?: string | undefined;
  readonly isComplete: boolean;
  /** Of another cluster, which saves into the same repository; undefined for this one. */
  readonly cluster?: string | undefined;
  /** Files that could not be read, and are not in it. */
  readonly unreadableFiles?: number | undefined;
  /** Rules of retention that left it; undefined where no retention has looked at it. */
  readonly keptBy?: readonly string[] | undefined;
  /** When it goes, as a sentence without its end; undefined where that is not known. */
  readonly goes?: string | undefined;
  /** Undefined where nobody tells. */
  readonly sizeBytes?: number | undefined;
  readonly addedBytes?: number | undefined;
  readonly members?: readonly { readonly name: string; readonly isSaved: boolean }[] | undefined;
  readonly proof: PointProof;
  /** Which object told of it. */
  readonly source: string;
}

export interface PointsView extends Paged {
  readonly rows: readonly PointRow[];
}

/** Who uses a repository, or keeps others from it. */
export interface LockRow {
  readonly id: string;
  readonly host?: string | undefined;
  readonly user?: string | undefined;
  readonly pid?: number | undefined;
  /** When it was taken or last refreshed, by its owner's clock. */
  readonly since?: string | undefined;
  readonly isExclusive: boolean;
  /** What of ours that host was; undefined where no run that is kept had a pod of that name. */
  readonly owner?: string | undefined;
  /** Which run meets it now; undefined: maintenance saw it. */
  readonly inTheWayOf?: string | undefined;
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
  readonly lastPrune?: string | undefined;
  /** The newest run of checks and prune. */
  readonly maintenance?:
    | {
        readonly phase: string;
        readonly startedAt: string;
        readonly finishedAt?: string | undefined;
        readonly actions: readonly string[];
        readonly code?: string | undefined;
        readonly message?: string | undefined;
      }
    | undefined;
  readonly users: readonly string[];
  readonly locks: readonly LockRow[];
  /** When maintenance last looked at locks; undefined: never. */
  readonly locksSeenAt?: string | undefined;
  /** How large it was, oldest first, as Prometheus tells; undefined where it does not. */
  readonly sizes?: readonly { readonly time: string; readonly bytes: number }[] | undefined;
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
  readonly others: Paged & { readonly rows: readonly (ApplicationName & { readonly why: string })[] };
}

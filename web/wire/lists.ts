/** Recovery points, Repositories, and what is due. Types alone: the server of `kubectl stash ui` fills them, the pages show them. */
import type { ApplicationName } from "./application.ts";
import type { Paged } from "./envelope.ts";

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

/** What a page asks for once: reports, logs, and restores by clicks. Types alone: the server of `kubectl stash ui` fills them, the pages show them. */
import type { ApplicationName } from "./application.ts";
import type { RunName, Snapshot } from "./run.ts";

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

export interface RightsOrder {
  readonly namespace: string;
}

/** A right that is not there, in words, and how to make sure. */
export interface Lacking {
  readonly message: string;
  readonly next: string;
}

/** By what a button does: undefined where nothing lacks, as far as the API server tells. */
export interface RightsView {
  readonly trigger?: Lacking | undefined;
  readonly restore?: Lacking | undefined;
  readonly log?: Lacking | undefined;
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

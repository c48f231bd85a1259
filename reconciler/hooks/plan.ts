/** What a hook is, where it runs, and how it ended: values that decisions make and the runner carries out. */
import type { Handler } from "../../shared/api/hooks.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";
import type { RunOwner } from "../run/host-runs.ts";
import type { Owes, RanIn } from "./owed.ts";

/** Which container a command runs in, or which pod an HTTP or TCP handler speaks to by default. */
export interface HookPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly podIp: string | undefined;
  /** Container for `exec`. */
  readonly container: string | undefined;
  /** A ready pod behind the Service of this AppBinding, all of the place's namespace, takes the place of the pod that is named. */
  readonly behindApp?: string;
  /** But first of all this one, while it lives. */
  readonly ranIn?: RanIn | undefined;
}

/** A hook that is to be run now. */
export interface HookRun {
  /** Unique in the process while the session lives; see hookKey(). */
  readonly key: string;
  /** As the intent in the status has it: tells this process's intent from another's at the same place. */
  readonly startedAt: string;
  /** Of the session or restore that the hook is run for. */
  readonly namespace: string;
  readonly handler: Handler;
  /** Undefined for a global hook, which runs in a Job of its own. */
  readonly place: HookPlace | undefined;
  /** For a global hook: what its Job belongs to. */
  readonly owner?: RunOwner;
  readonly summary: HookSummary;
  readonly timeoutMs: number;
  /** How long its command is tried while it can't begin; undefined: within its time. */
  readonly beginWithinMs?: number;
  /** Of a before-hook: the after-hook that follows from it. */
  readonly owes?: Owes | undefined;
}

/** How the message of a hook begins whose end nobody knows: an after-hook is run again. */
export const INTERRUPTED_PREFIX = "interrupted: ";
/** The same where it certainly did not begin, since its pod was gone: it is run in the one that took its place. */
export const POD_GONE_PREFIX = "not begun: ";
export const PROCESS_ENDED = `${INTERRUPTED_PREFIX}the reconciler stopped while the hook was running`;
export const CONNECTION_ENDED = `${INTERRUPTED_PREFIX}the connection to the command broke while it was running`;

export interface HookOutcome {
  readonly phase: "Succeeded" | "Failed";
  readonly message: string;
  readonly output: string;
  readonly finishedAt: string;
}

/** What the process knows of hooks that it started itself. */
export interface HookRuns {
  /** This process, as intents name it. */
  readonly runner: string;
  /** Keys of hooks whose intent this process wrote or tried to write, with its startedAt. */
  readonly prepared: ReadonlyMap<string, string>;
  readonly running: ReadonlySet<string>;
  readonly finished: ReadonlyMap<string, HookOutcome>;
}

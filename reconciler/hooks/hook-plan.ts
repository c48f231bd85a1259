/** What a hook is, where it runs, and how it ended: values that decisions make and the runner carries out. */
import type { Handler } from "../../shared/api/hooks.ts";
import { Container } from "../../shared/contract.ts";
import { parseDuration } from "../../shared/duration.ts";

/** Which container a command runs in, or which pod an HTTP or TCP handler speaks to by default. */
export interface HookPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly podIp: string | undefined;
  /** Container for `exec`. */
  readonly container: string | undefined;
  /** A ready pod behind the Service of this AppBinding, all of the place's namespace, takes the place of the pod that is named. */
  readonly behindApp?: string;
}

/** What templates in commands and bodies see. */
export interface HookSummary {
  readonly Name: string;
  readonly Namespace: string;
  readonly Invoker: { readonly APIGroup: string; readonly Kind: string; readonly Name: string };
  readonly Target: {
    readonly APIVersion: string;
    readonly Kind: string;
    readonly Name: string;
    readonly Namespace: string;
  };
  readonly Status: { readonly Phase: string; readonly Duration: string; readonly Error: string };
  readonly RetryLeft: number;
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
  /** Undefined for a global hook, which runs in the reconciler itself. */
  readonly place: HookPlace | undefined;
  readonly summary: HookSummary;
  readonly timeoutMs: number;
}

/** How the message of a hook begins whose end nobody knows: an after-hook is run again. */
export const INTERRUPTED_PREFIX = "interrupted: ";
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

/** Whether a hook does anything at all. */
export function hasHandler(handler: Handler | undefined): handler is Handler {
  return (
    handler !== undefined &&
    (handler.exec !== undefined ||
      handler.httpGet !== undefined ||
      handler.httpPost !== undefined ||
      handler.tcpSocket !== undefined)
  );
}

/**
 * The part of a member's hook that the reconciler runs: a command in one of the application's containers. Commands in our
 * own container, HTTP and TCP are the agent's.
 */
export function reconcilerPart(handler: Handler | undefined): Handler | undefined {
  const containerName = handler?.containerName;
  const isOurs = containerName === Container.Sidecar || containerName === Container.RestoreInit;
  if (handler?.exec === undefined || isOurs) return undefined;
  const { exec, timeout } = handler;
  return {
    exec,
    ...(containerName !== undefined && { containerName }),
    ...(timeout !== undefined && { timeout }),
  };
}

/** Time limit of a hook: its own, else the given one, in milliseconds. */
export function hookTimeoutMs(handler: Handler, defaultMs: number): number {
  return handler.timeout === undefined ? defaultMs : parseDuration(handler.timeout, "timeout") || defaultMs;
}

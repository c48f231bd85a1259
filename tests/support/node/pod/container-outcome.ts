/** What a container's end, or its failure to start, means for its state. Pure. */
import { type ProcessExit, ProcessStartError } from "../sandbox/container-process.ts";
import { ContainerConfigError } from "./container-env.ts";
import type { ContainerFacts, TerminatedState, WaitingState } from "./container-facts.ts";

/** The image is not in the node's table. */
export class ImageMissingError extends Error {}

export type RestartPolicy = "Always" | "OnFailure" | "Never";

/** One run of a container. */
export interface ContainerRun {
  readonly startedAt: string;
  readonly containerId: string;
}

/**
 * A program that cannot be started counts as a run that ended; an image, object or folder that is missing is waited for.
 *
 * @param before state that the container waits in, which tells the first failure of a pull from the next
 */
export function describeStartFailure(
  error: unknown,
  run: ContainerRun,
  before: ContainerFacts["state"],
  now: string,
): WaitingState | TerminatedState {
  const message = error instanceof Error ? error.message : `${error}`;
  if (error instanceof ImageMissingError) {
    const wasTried = before.kind === "waiting" && before.reason === "ErrImagePull";
    return { kind: "waiting", reason: wasTried ? "ImagePullBackOff" : "ErrImagePull", message };
  }
  if (error instanceof ContainerConfigError) return { kind: "waiting", reason: "CreateContainerConfigError", message };
  if (!(error instanceof ProcessStartError)) return { kind: "waiting", reason: "CreateContainerError", message };
  return { kind: "terminated", exitCode: 128, reason: "StartError", message, ...run, finishedAt: now };
}

/** @param message what the container left as its termination message */
export function describeExit(
  exit: ProcessExit,
  message: string | undefined,
  run: ContainerRun,
  now: string,
): TerminatedState {
  const told = exit.startFailure ?? message;
  return {
    kind: "terminated",
    exitCode: exit.exitCode,
    ...(exit.signal === undefined ? {} : { signal: exit.signal }),
    reason: exit.startFailure !== undefined ? "StartError" : exit.exitCode === 0 ? "Completed" : "Error",
    ...(told === undefined ? {} : { message: told }),
    ...run,
    finishedAt: now,
  };
}

export function isRestartedAfter(policy: RestartPolicy, exitCode: number): boolean {
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

/** One command that somebody runs in a container through the API server, whatever carries its streams. */
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { LiveContainer } from "../pod/container-supervisor.ts";
import { type RunningProcess, startExecProcess } from "../sandbox/container-process.ts";

export interface ExecChannels {
  /** Absent when the client sends none. */
  readonly stdin?: Readable;
  readonly stdout?: Writable;
  readonly stderr?: Writable;
  /** Tells how the command ended, after all output, and ends the connection. */
  finish(status: ExecStatus): void;
  /** Aborts when the client is gone. */
  readonly closed: AbortSignal;
}

/** What goes over the error channel. */
export interface ExecStatus {
  readonly metadata: object;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes: readonly { readonly reason: string; readonly message: string }[] };
  readonly code?: number;
}

/** Runs the command to its end; a client that goes away ends it. Never rejects: failures are the status. */
export async function runExecSession(
  live: LiveContainer,
  argv: readonly string[],
  channels: ExecChannels,
): Promise<void> {
  const { user, env, workingDir, pipesDir } = live;
  let process: RunningProcess;
  try {
    process = await startExecProcess(live.process.pid, { user, env, workingDir, pipesDir, argv });
  } catch (error) {
    channels.finish(buildInternalError(error instanceof Error ? error.message : `${error}`));
    return;
  }
  channels.closed.addEventListener("abort", () => process.kill("SIGKILL"));
  if (channels.closed.aborted) process.kill("SIGKILL");
  const { stdin } = process;
  if (stdin !== null) {
    stdin.on("error", () => undefined); // A command may end without reading all of its input.
    if (channels.stdin === undefined) stdin.end();
    else channels.stdin.pipe(stdin);
  }
  const outputs = [
    [process.stdout, channels.stdout],
    [process.stderr, channels.stderr ?? channels.stdout],
  ] as const;
  const reading = outputs.map(([from, to]) => {
    if (to === undefined) from.resume();
    else from.pipe(to, { end: false });
    return finished(from, { writable: false }).catch(() => undefined);
  });
  const [exit] = await Promise.all([process.exited, ...reading]);
  // All is read, but not all has left: the status must not overtake the output.
  await Promise.all([...new Set([channels.stdout, channels.stderr])].map((output) => output && endOutput(output)));
  if (exit.startFailure !== undefined) channels.finish(buildInternalError(exit.startFailure));
  else channels.finish(buildExitStatus(exit.exitCode));
}

async function endOutput(output: Writable): Promise<void> {
  output.end();
  await finished(output, { readable: false }).catch(() => undefined);
}

function buildExitStatus(exitCode: number): ExecStatus {
  if (exitCode === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: ${exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: `${exitCode}` }] },
  };
}

function buildInternalError(message: string): ExecStatus {
  return { metadata: {}, status: "Failure", message, reason: "InternalError", code: 500 };
}

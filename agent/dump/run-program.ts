/** Runs a database's own programs: no shell, nothing of ours in their arguments, their last words kept. */
import { type StdioOptions, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import type { Environment } from "../../shared/environment.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { createLineSplitter } from "../kube/lines.ts";
import type { ProgramCall } from "./plan.ts";

export interface RunOptions {
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly timeLimitMs?: number;
  /** Where standard output goes: the file descriptor behind the stream is given to the program itself. */
  readonly stdout?: Writable;
  /** Tells lines of standard error by which a program says that it failed at something and went on. */
  isFault?(line: string): boolean;
  /** Is handed standard input, and ends it. */
  onStdin?(stdin: Writable): void;
}

export interface ProgramExit {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly isTimedOut: boolean;
  /** Start of standard output where it went nowhere else. */
  readonly output: string;
  /** End of standard error. */
  readonly words: string;
  /** The first lines that were a fault. */
  readonly faults: readonly string[];
}

const WORDS_LENGTH = 2_000;
const MAX_FAULTS = 5;
const FAULT_LENGTH = 500;
/** Output that reaches it is not whole. */
export const OUTPUT_LENGTH = 1024 * 1024;
/** A client that is asked to end asks its server to do so too. */
const STOP_GRACE_MS = 5_000;

/**
 * Runs the program to its end; it is ended when the signal aborts or the time is over.
 *
 * @throws UserError DUMP_FAILED when it can't be started
 */
export function runDatabaseProgram(call: ProgramCall, options: RunOptions): Promise<ProgramExit> {
  return new Promise((resolve, reject) => {
    const [program = "", ...args] = call.argv;
    const stdio: StdioOptions = [options.onStdin ? "pipe" : "ignore", options.stdout ?? "pipe", "pipe"];
    const child = spawn(program, args, {
      // Messages in English: their meaning is read.
      env: { ...options.env, LC_MESSAGES: "C", ...call.env },
      stdio,
      // A process group of its own: pg_dumpall runs pg_dump, which must end with it.
      detached: true,
    });
    if (child.stdin !== null) options.onStdin?.(child.stdin);
    let output = "";
    let words = "";
    let isTimedOut = false;
    let killTimer: NodeJS.Timeout | undefined;
    child.stdout?.on("data", (chunk: Buffer) => {
      if (output.length < OUTPUT_LENGTH) output += chunk.toString("utf8");
    });
    const faults: string[] = [];
    const lines = createLineSplitter((line) => {
      if (faults.length < MAX_FAULTS && options.isFault?.(line)) faults.push(line.slice(0, FAULT_LENGTH));
    }, OUTPUT_LENGTH);
    child.stderr?.on("data", (chunk: Buffer) => {
      lines.feed(chunk);
      words = (words + chunk.toString("utf8")).slice(-WORDS_LENGTH);
    });
    function stop(): void {
      endGroup(child.pid, "SIGTERM");
      killTimer ??= setTimeout(() => endGroup(child.pid, "SIGKILL"), STOP_GRACE_MS);
    }
    const limitTimer =
      options.timeLimitMs === undefined
        ? undefined
        : setTimeout(() => {
            isTimedOut = true;
            stop();
          }, options.timeLimitMs);
    options.signal.addEventListener("abort", stop, { once: true });
    if (options.signal.aborted) stop();
    function cleanUp(): void {
      clearTimeout(limitTimer);
      clearTimeout(killTimer);
      options.signal.removeEventListener("abort", stop);
    }
    child.once("error", (cause) => {
      cleanUp();
      reject(
        new UserError("DUMP_FAILED", `${program} can't be run: ${messageOf(cause)}`, {
          next: "Use an image that holds the database's client programs.",
          cause,
        }),
      );
    });
    child.once("close", (code, signal) => {
      cleanUp();
      lines.end();
      const end = { code: code ?? undefined, signal: signal ?? undefined };
      resolve({ ...end, isTimedOut, output, words: words.trim(), faults });
    });
  });
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: all of it has ended.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** How a program ended, for people. */
export function formatExit(call: ProgramCall, exit: ProgramExit): string {
  const how = exit.isTimedOut
    ? "did not end in time"
    : exit.signal !== undefined
      ? `was ended by ${exit.signal}`
      : `ended with exit code ${exit.code}`;
  return `${call.argv[0] ?? ""} ${how}${exit.words === "" ? "" : `: ${exit.words}`}`;
}

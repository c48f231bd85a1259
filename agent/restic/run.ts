/** Runs restic: no shell, streamed lines, a time limit, an end that first asks and then kills. */
import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { messageOf, UserError } from "../../shared/errors.ts";
import { createLineSplitter } from "../kube/lines.ts";
import { gatherTransfers, watchStall } from "./stall.ts";
import { createTail } from "./tail.ts";

export interface ResticCall {
  /** Program and arguments; no secret among them. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeLimitMs?: number;
  /** How long the program may stand still: see watchStall. `progressOf` reads what a line tells of its work. */
  readonly stall?: { readonly limitMs: number; progressOf(line: string): string | undefined };
  /** What it is given when it is ended: from SIGINT to SIGKILL, and from there to being left behind. */
  readonly graces?: { readonly stopMs: number; readonly killMs: number };
  /** Ends the program; the reason tells why. */
  readonly signal?: AbortSignal;
  onStdout?(line: string): void;
  onStderr?(line: string): void;
  /** Is handed the program's standard input, and ends it; without this there is no input. */
  onStdin?(stdin: Writable): void;
  /** Is handed standard output as it comes, in place of lines. */
  onRawStdout?(stdout: Readable): void;
  /** What a line says that the program tries again and can't succeed with; after some such lines about it it is ended. */
  hopelessRequest?(line: string): string | undefined;
  /** How long the program may try again, from the first line that says so; once a line is `isOver`, as long as it likes. */
  readonly retries?: { readonly patienceMs: number; isRetry(line: string): boolean; isOver?(line: string): boolean };
  /**
   * Is told the process id as soon as there is one; what it returns is called when the process has ended; cleanly, if
   * nobody ended it.
   */
  onStart?(pid: number): (isClean: boolean) => void;
}

export interface ResticExit {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** Why we ended it ourselves; undefined when it ended by itself. */
  readonly stopped: "time" | "abort" | "hopeless" | "stall" | undefined;
  /** The last lines for people of both streams, oldest first. */
  readonly tail: readonly string[];
  readonly durationMs: number;
}

/** After a SIGINT restic removes its lock, which takes one request to the backend. */
export const STOP_GRACE_MS = 8_000;
/** A program that waits for a disk or a file server that is away can't even be killed. It is left behind then. */
const KILL_GRACE_MS = 10_000;
/** A fault of the moment, such as rights that are just being set, may show once or twice. */
const HOPELESS_LINES = 3;

/** Whether there is output that nobody has taken yet. */
function isLeftLying(output: Readable | null): boolean {
  return output !== null && (output.isPaused() || output.readableLength > 0);
}

/**
 * Runs the program to its end.
 *
 * @throws UserError RESTIC_MISSING when it can't be started
 */
export function runProgram(call: ResticCall): Promise<ResticExit> {
  return new Promise((resolve, reject) => {
    const [program = "", ...args] = call.argv;
    const startedAtMs = performance.now();
    const child = spawn(program, args, { env: call.env, stdio: [call.onStdin ? "pipe" : "ignore", "pipe", "pipe"] });
    if (child.stdin !== null) call.onStdin?.(child.stdin);
    const onEnd = child.pid === undefined ? undefined : call.onStart?.(child.pid);
    const tail = createTail();
    let stopped: ResticExit["stopped"];
    const hopeless = new Map<string, number>();
    const hearHopeless = (line: string): void => {
      const request = call.hopelessRequest?.(line);
      if (request === undefined) return;
      const times = (hopeless.get(request) ?? 0) + 1;
      hopeless.set(request, times);
      if (times >= HOPELESS_LINES) stop("hopeless");
    };
    let killTimer: NodeJS.Timeout | undefined;
    function stop(why: NonNullable<ResticExit["stopped"]>): void {
      if (stopped !== undefined) return;
      stopped = why;
      // restic knows SIGTERM only since 0.17: before that it would leave its lock behind.
      child.kill("SIGINT");
      killTimer = setTimeout(() => {
        child.kill("SIGKILL");
        killTimer = setTimeout(leaveBehind, call.graces?.killMs ?? KILL_GRACE_MS);
      }, call.graces?.stopMs ?? STOP_GRACE_MS);
    }
    /** It is still among those that the next start ends. */
    function leaveBehind(): void {
      clearUp();
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      child.unref();
      tail.add(`process ${child.pid} can't be ended`);
      resolve(exitWith(undefined, undefined));
    }
    function exitWith(code: number | undefined, signal: NodeJS.Signals | undefined): ResticExit {
      return { code, signal, stopped, tail: tail.lines, durationMs: performance.now() - startedAtMs };
    }
    const abort = () => stop("abort");
    const limitTimer = call.timeLimitMs === undefined ? undefined : setTimeout(() => stop("time"), call.timeLimitMs);
    let retryTimer: NodeJS.Timeout | undefined;
    let { retries } = call;
    const hearRetry = (line: string): void => {
      if (retries?.isOver?.(line) === true) {
        clearTimeout(retryTimer);
        retries = undefined;
      }
      if (retries === undefined || retryTimer !== undefined || !retries.isRetry(line)) return;
      retryTimer = setTimeout(() => stop("hopeless"), retries.patienceMs);
    };
    call.signal?.addEventListener("abort", abort, { once: true });
    if (call.signal?.aborted) abort();
    let heardBytes = 0;
    const { pid, stdout } = child;
    const stallWatch =
      call.stall === undefined || pid === undefined
        ? undefined
        : watchStall({
            limitMs: call.stall.limitMs,
            transfers: () => gatherTransfers(pid),
            heardBytes: () => heardBytes,
            // Who takes the output himself may let the program wait for him.
            isHeldUp: () => call.onRawStdout !== undefined && isLeftLying(stdout),
            onStall: () => stop("stall"),
          });
    if (stdout !== null) call.onRawStdout?.(stdout);
    const streams = [
      ...(call.onRawStdout === undefined ? [{ stream: stdout, take: call.onStdout }] : []),
      { stream: child.stderr, take: call.onStderr },
    ];
    for (const { stream, take } of streams) {
      const lines = createLineSplitter((line) => {
        tail.add(line);
        hearHopeless(line);
        hearRetry(line);
        const progress = stallWatch && call.stall?.progressOf(line);
        if (progress !== undefined) stallWatch?.tell(progress);
        take?.(line);
      });
      stream?.on("data", (chunk: Buffer) => {
        heardBytes += chunk.length;
        lines.feed(chunk);
      });
      stream?.once("end", () => lines.end());
    }
    function cleanUp(isClean: boolean): void {
      onEnd?.(isClean);
      clearUp();
    }
    function clearUp(): void {
      stallWatch?.end();
      clearTimeout(limitTimer);
      clearTimeout(retryTimer);
      clearTimeout(killTimer);
      call.signal?.removeEventListener("abort", abort);
    }
    child.once("error", (cause) => {
      cleanUp(true);
      reject(new UserError("RESTIC_MISSING", `${program} can't be run: ${messageOf(cause)}`, { cause }));
    });
    child.once("close", (code, signal) => {
      // restic that is ended in the moment in which it takes its lock leaves it.
      cleanUp(signal === null && stopped === undefined);
      resolve(exitWith(code ?? undefined, signal ?? undefined));
    });
  });
}

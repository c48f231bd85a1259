/**
 * A process that does nothing but hold namespaces. It is process 1 of a pid namespace, so that its end is the end of
 * every process in it, and it dies with its parent (PDEATHSIG), so that a SIGKILLed owner leaves nothing behind: mount
 * and network namespaces go with their last process.
 *
 * A pod's holder lives inside the node's pid namespace and a container inside the pod's. PDEATHSIG alone would not do
 * for containers: the kernel clears it when a process changes its user.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { SETUP_ENV } from "./shell.ts";

export interface NamespaceHolder {
  /** Process 1 of the namespaces, as this machine numbers it. */
  readonly pid: number;
  /** Resolves when the holder is gone, whoever ended it. */
  readonly ended: Promise<void>;
  /** Kills everything inside and waits until it is gone. */
  end(): Promise<void>;
}

export interface HolderOptions {
  /** unshare flags besides `--pid --fork`, such as `--net`. */
  readonly unshare: readonly string[];
  /** A holder in whose pid namespace this one lives. */
  readonly inside?: NamespaceHolder;
  /** Shell lines that run in the new namespaces before the holder counts as started. */
  readonly script: string;
}

/**
 * First line of every script in a new pid namespace: `/proc` is still the machine's, so this is the number that the
 * machine gives the process, which nobody inside could tell otherwise.
 */
export const REPORT_PID = 'read -r pid rest < /proc/self/stat; echo "$pid" >&3';

/** @throws Error with the output of the script's failing line */
export async function startHolder(options: HolderOptions): Promise<NamespaceHolder> {
  const enter = options.inside === undefined ? [] : ["nsenter", `--target=${options.inside.pid}`, "--pid"];
  const script = `set -e\n${REPORT_PID}\nexec 2>&3\n${options.script}\necho ok >&3\nexec 3>&- 2>/dev/null\nexec sleep infinity`;
  const argv = [
    ...["--pdeathsig", "KILL", ...enter],
    ...["unshare", "--pid", "--fork", "--kill-child", ...options.unshare, "sh", "-c", script],
  ];
  const child = spawn("setpriv", argv, { env: SETUP_ENV, stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const ended = once(child, "exit").then(() => undefined);
  const { pid, messages } = await readStart(child);
  const end = async (): Promise<void> => {
    killIfAlive(pid, "SIGKILL");
    child.kill("SIGKILL");
    await ended;
  };
  if (pid === 0 || messages.at(-1) !== "ok") {
    await end();
    throw new Error(`namespaces could not be made: ${messages.join("; ") || "no answer"}`);
  }
  return { pid, ended, end };
}

/** A signal to a process that may have ended meanwhile, which is then no fault. */
export function killIfAlive(pid: number, signal: NodeJS.Signals): void {
  if (pid <= 1) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function readStart(child: ChildProcess): Promise<{ pid: number; messages: readonly string[] }> {
  const lines: string[] = [];
  const report = child.stdio[3];
  if (report === null || report === undefined) return { pid: 0, messages: [] };
  for await (const line of createInterface({ input: asReadable(report) })) {
    lines.push(line);
    if (line === "ok") break;
  }
  const [pid = "0", ...messages] = lines;
  return { pid: Number(pid) || 0, messages };
}

/** Narrows one of a child's extra pipes, which are typed as either direction. */
export function asReadable(stream: NonNullable<ChildProcess["stdio"][number]>): Readable {
  if (!("read" in stream)) throw new Error("the pipe cannot be read");
  return stream;
}

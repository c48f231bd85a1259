/** restic as somebody else runs it on a repository of the product's: without a cache, and patient with locks that the product holds. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";

export interface BareRestic {
  /** Runs it to its end. @returns what it prints @throws Error with its words when it fails */
  run(...args: readonly string[]): string;
  /** As `run`, of bytes. @param input what it reads; only for commands that read it: another may be gone before it is written */
  runBytes(args: readonly string[], input?: Buffer | string): Buffer;
  /** Begins a backup that lasts, and keeps its lock, until it is ended. */
  hold(): HeldLock;
}

export interface HeldLock {
  readonly process: ChildProcess;
  /** Lets the backup end well. */
  release(): Promise<void>;
  /** Leaves the lock behind. */
  kill(): Promise<void>;
}

/** @param repository as restic's own variable has it, such as a folder or `rest:http://...` */
export function bareRestic(repository: string, password: string): BareRestic {
  const env = { PATH: process.env["PATH"], RESTIC_PASSWORD: password, RESTIC_REPOSITORY: repository };
  const runBytes: BareRestic["runBytes"] = (args, input) =>
    execFileSync("restic", ["--no-cache", "--retry-lock=1m", ...args], { env, ...(input !== undefined && { input }) });
  return {
    run: (...args) => runBytes(args).toString("utf8"),
    runBytes,
    hold() {
      const child = spawn("restic", ["--no-cache", "backup", "--stdin", "--quiet"], {
        env,
        stdio: ["pipe", "ignore", "ignore"],
      });
      const ended = once(child, "close");
      return {
        process: child,
        async release() {
          child.stdin.end("dump");
          await ended;
        },
        async kill() {
          child.kill("SIGKILL");
          await ended;
        },
      };
    },
  };
}

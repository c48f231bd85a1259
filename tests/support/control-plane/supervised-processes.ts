/** The owner's side of the supervisor: starts and kills processes that can't outlive this process. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { removeFolder } from "./remove-folder.ts";
import { type Command, type LastCommand, parseNotice, type Request } from "./supervisor-protocol.ts";

export interface SupervisedProcesses {
  /** Folder for the data of the processes; removed when they are stopped, or when this process dies. */
  readonly dir: string;
  /** The supervisor's process, which outlives this one until everything is cleaned up. */
  readonly pid: number;
  start(name: string, command: Command): Promise<void>;
  /** Resolves when the process has ended; nothing happens when it does not run. */
  kill(name: string, signal: NodeJS.Signals): Promise<void>;
  /** How the process ended ("exit code 1", "SIGKILL", ...) since its last start; undefined while it runs. */
  endOf(name: string): string | undefined;
  /** The process of a name; undefined when it was never started. */
  pidOf(name: string): number | undefined;
  /** Runs the command when all processes have ended, also when this process was killed; the newest command first. */
  atEnd(command: LastCommand): Promise<void>;
  /** Kills all, removes the folder, and ends the supervisor. Calling it again changes nothing. */
  finish(): Promise<void>;
}

type Unnumbered<R> = R extends Request ? Omit<R, "id"> : never;

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Starts a supervisor.
 *
 * @param dir folder for the data of the processes; it must not exist yet
 * @param onUnexpectedEnd is told of a process that ended although nobody killed it
 * @throws Error when the supervisor ends before it is ready
 */
export async function superviseProcesses(
  dir: string,
  onUnexpectedEnd: (name: string, how: string) => void,
): Promise<SupervisedProcesses> {
  const supervisor = fork(join(import.meta.dirname, "supervisor.ts"), [dir], {
    detached: true,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
    cwd: "/",
    env: { PATH: process.env["PATH"] },
  });
  const ends = new Map<string, string>();
  const pids = new Map<string, number>();
  const killed = new Set<string>();
  const waiters = new Map<number, Waiter>();
  let nextId = 0;
  let finished: Promise<void> | undefined;

  const gone = new Promise<void>((resolve) => {
    supervisor.once("exit", () => {
      for (const waiter of waiters.values()) waiter.reject(new Error("the supervisor of the processes has ended"));
      waiters.clear();
      resolve();
    });
  });

  function request(unnumbered: Unnumbered<Request>): Promise<void> {
    const id = nextId++;
    return heldOpen(supervisor, () => {
      return new Promise((resolve, reject) => {
        waiters.set(id, { resolve, reject });
        supervisor.send({ ...unnumbered, id }, (error) => {
          if (error === null) return;
          waiters.delete(id);
          reject(error);
        });
      });
    });
  }

  await heldOpen(supervisor, () => {
    return new Promise<void>((resolve, reject) => {
      supervisor.on("error", reject);
      supervisor.once("exit", (code) => reject(new Error(`the supervisor ended with ${code} before it was ready`)));
      supervisor.on("message", (message) => {
        const notice = parseNotice(message);
        if (notice.kind === "ready") resolve();
        else if (notice.kind === "started") pids.set(notice.name, notice.pid);
        else if (notice.kind === "ended") {
          ends.set(notice.name, notice.how);
          if (finished === undefined && !killed.has(notice.name)) onUnexpectedEnd(notice.name, notice.how);
        } else {
          const waiter = waiters.get(notice.id);
          waiters.delete(notice.id);
          if (notice.error === undefined) waiter?.resolve();
          else waiter?.reject(new Error(notice.error));
        }
      });
    });
  });

  async function finishOrCleanUp(): Promise<void> {
    // A supervisor that was killed took its processes with it but can't answer, and left the folder. Whatever went wrong
    // there, this holds in the end: it is gone, and so is the folder.
    await request({ kind: "finish" }).catch(() => undefined);
    await heldOpen(supervisor, () => gone);
    removeFolder(dir);
  }

  const { pid } = supervisor;
  if (pid === undefined) throw new Error("the supervisor did not start");
  return {
    dir,
    pid,
    start(name, command) {
      ends.delete(name);
      killed.delete(name);
      return request({ kind: "start", name, command });
    },
    kill(name, signal) {
      killed.add(name);
      return request({ kind: "kill", name, signal });
    },
    endOf: (name) => ends.get(name),
    pidOf: (name) => pids.get(name),
    atEnd: (command) => request({ kind: "atEnd", command }),
    finish() {
      finished ??= finishOrCleanUp();
      return finished;
    },
  };
}

/** While `act` waits, the supervisor keeps this process alive; at other times it doesn't, so that the owner can end. */
async function heldOpen<T>(supervisor: ChildProcess, act: () => Promise<T>): Promise<T> {
  const held = holds.get(supervisor) ?? 0;
  holds.set(supervisor, held + 1);
  supervisor.ref();
  supervisor.channel?.ref();
  try {
    return await act();
  } finally {
    const left = (holds.get(supervisor) ?? 1) - 1;
    holds.set(supervisor, left);
    if (left === 0) {
      supervisor.unref();
      supervisor.channel?.unref();
    }
  }
}

const holds = new WeakMap<ChildProcess, number>();

/** A node's own view of this machine: namespaces that hold all its processes, mounts and interfaces, and end with it. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { GO_ENVIRONMENT } from "../control-plane/flags.ts";
import type { SupervisedProcesses } from "../control-plane/supervised-processes.ts";
import { eventually } from "../eventually.ts";

const run = promisify(execFile);
const START_TIMEOUT_MS = 20_000;
const MAX_OUTPUT_BYTES = 16 * 2 ** 20;
const HOLDER = "sandbox";
/** In the order in which they have to be entered: the mounts last. */
const NAMESPACES = ["--net", "--uts", "--ipc", "--pid", "--mount"] as const;

export interface Sandbox {
  /** Its first process, as this machine numbers it. */
  readonly pid: number;
  /** Starts a program inside, under a name for `kill`. It ends with the sandbox. */
  start(name: string, program: string, args: readonly string[]): Promise<void>;
  /** Kills a program that was started; what it left behind stays. */
  kill(name: string): Promise<void>;
  /** How a program ended; undefined while it runs. */
  endOf(name: string): string | undefined;
  /** Runs a program inside to its end. @throws Error with its words when it fails */
  exec(program: string, args: readonly string[]): Promise<string>;
  /** The end of a program's log. */
  lastWords(name: string): Promise<string>;
}

/**
 * Makes a sandbox.
 *
 * @param processes their supervisor ends the sandbox, also when this process is killed
 * @param name host name inside
 * @param searchPath PATH of everything inside
 * @throws Error when the kernel or this user has no right to make namespaces or mounts
 */
export async function makeSandbox(
  processes: SupervisedProcesses,
  name: string,
  searchPath: string,
  logs: string,
): Promise<Sandbox> {
  const { dir } = processes;
  await Promise.all([mkdir(join(dir, "kubelet"), { recursive: true }), mkdir(logs, { recursive: true })]);
  const logPath = (program: string) => join(logs, `${program}.log`);
  const lastWords = async (program: string) => (await readFile(logPath(program), "utf8").catch(() => "")).slice(-4_000);
  await processes.start(HOLDER, {
    program: "unshare",
    args: [
      "--pid",
      "--fork",
      "--kill-child=KILL",
      "--mount",
      "--net",
      "--uts",
      "--ipc",
      "--mount-proc",
      "--",
      "bash",
      join(import.meta.dirname, "sandbox.sh"),
      dir,
      name,
    ],
    logPath: logPath(HOLDER),
  });
  const hasNamespaces = async () => {
    const end = processes.endOf(HOLDER);
    if (end === undefined) return existsSync(join(dir, "ready"));
    const words = `this machine can't hold a node (needs root, namespaces and mounts): ${end}`;
    throw new Error(`${words}\n${await lastWords(HOLDER)}`);
  };
  await eventually(hasNamespaces, true, START_TIMEOUT_MS);
  const pid = await firstChildOf(processes.pidOf(HOLDER) ?? 0);
  const enter = ["--target", String(pid), ...NAMESPACES, "--wd=/", "--"];
  const environment = ["-i", `PATH=${searchPath}`, "HOME=/root", "LANG=C.UTF-8", ...GO_ENVIRONMENT];
  return {
    pid,
    async start(program, path, args) {
      // The one that enters stays outside; the one inside ends with it.
      const inside = ["setpriv", "--pdeathsig", "KILL", "--", "env", ...environment, path, ...args];
      await processes.start(program, { program: "nsenter", args: [...enter, ...inside], logPath: logPath(program) });
    },
    kill: (program) => processes.kill(program, "SIGKILL"),
    endOf: (program) => processes.endOf(program),
    async exec(path, args) {
      const { stdout } = await run("nsenter", [...enter, "env", ...environment, path, ...args], {
        maxBuffer: MAX_OUTPUT_BYTES,
      });
      return stdout;
    },
    lastWords,
  };
}

async function firstChildOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  const [first] = children.trim().split(" ");
  if (first === undefined || first === "") throw new Error(`process ${pid} has no child`);
  return Number(first);
}

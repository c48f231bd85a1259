/** A real database server on loopback, with its data in a folder that goes away. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { messageOf } from "../../../shared/errors.ts";
import { removeFolder } from "../control-plane/remove-folder.ts";
import { eventually } from "../eventually.ts";

export interface DatabaseServer {
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Runs SQL text as the server's administrator. @returns what the client prints */
  query(sql: string, database?: string): Promise<string>;
  stop(): Promise<void>;
}

/** Files of a server that speaks TLS and asks clients for a certificate of the same authority. */
export interface ServerTls {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Runs a program to its end. @throws Error with its words when it fails */
export async function runTool(
  argv: readonly string[],
  options: { readonly input?: string; readonly env?: Readonly<Record<string, string>>; readonly uid?: number } = {},
): Promise<string> {
  const [program = "", ...args] = argv;
  const spawnOptions: SpawnOptions = {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid, cwd: "/" }),
  };
  const child = spawn(program, args, spawnOptions);
  let output = "";
  let words = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    words += chunk.toString("utf8");
  });
  // A program that ends without reading is judged by its exit code.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(options.input ?? "");
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${words}`);
  return output;
}

export interface Daemon {
  readonly child: ChildProcess;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Becomes its arguments; a process beside it ends them when nobody holds the other end of their input any more. */
const ENDING_WITH_ITS_STARTER = 'exec 3<&0; (cat <&3 >/dev/null; kill -QUIT $$) & exec "$@" 3<&- </dev/null';

/** Starts a server program and waits until it answers. @throws Error with its log when it does not */
export async function startDaemon(
  argv: readonly string[],
  options: { readonly dir: string; readonly logPath: string; readonly uid?: number; isReady(): Promise<boolean> },
): Promise<Daemon> {
  const log = openSync(options.logPath, "w");
  const child = spawn("sh", ["-c", ENDING_WITH_ITS_STARTER, "sh", ...argv], {
    stdio: ["pipe", log, log],
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
  });
  const closed = once(child, "close");
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await closed;
    removeFolder(options.dir);
  };
  const hasEnded = () => child.exitCode !== null;
  const look = async () => hasEnded() || (await options.isReady().catch(() => false));
  const seen = await eventually(look, true).catch(messageOf);
  if (seen === true && !hasEnded()) return { child, stop };
  const words = readFileSync(options.logPath, "utf8");
  await stop("SIGKILL");
  throw new Error(`${argv[0]} did not start (${seen}): ${words}`);
}

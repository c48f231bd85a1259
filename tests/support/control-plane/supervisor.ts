/**
 * A program: starts and kills processes for its owner, and outlives it just long enough to clean up. When the channel to
 * the owner closes, for whatever reason (SIGKILL included), all processes are killed and the folder is removed.
 * It leads its own process group, so that a signal meant for the owner's group does not end it first.
 *
 * usage: node supervisor.ts FOLDER   (made here, so that no folder exists that nobody removes)
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { removeFolder } from "./remove-folder.ts";
import { type Command, type LastCommand, type Notice, parseRequest, type Request } from "./supervisor-protocol.ts";

const SETPRIV = "/usr/bin/setpriv";
/** One that hangs must not keep the others from being run. */
const LAST_COMMAND_TIMEOUT_MS = 30_000;

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: supervisor.ts FOLDER");
const running = new Map<string, ChildProcess>();
/** Newest first. */
const lastCommands: LastCommand[] = [];
let ending = false;

function tell(notice: Notice): void {
  // The owner may be gone; then nobody waits for this.
  if (process.connected) process.send?.(notice, () => undefined);
}

function start(name: string, command: Command): void {
  if (ending) throw new Error(`${name}: the supervisor is ending`);
  if (running.has(name)) throw new Error(`${name} runs already`);
  const log = openSync(command.logPath, "a");
  // Second net: the kernel kills the child when this process dies, even by SIGKILL.
  const argv = existsSync(SETPRIV)
    ? [SETPRIV, "--pdeathsig", "KILL", "--", command.program, ...command.args]
    : [command.program, ...command.args];
  const child = spawn(argv[0] ?? command.program, argv.slice(1), { stdio: ["ignore", log, log], cwd: "/" });
  closeSync(log);
  running.set(name, child);
  if (child.pid !== undefined) tell({ kind: "started", name, pid: child.pid });
  const ended = (how: string): void => {
    running.delete(name);
    tell({ kind: "ended", name, how });
  };
  child.once("error", (error) => ended(error.message));
  child.once("exit", (code, signal) => ended(signal === null ? `exit code ${code}` : signal));
}

function kill(name: string, signal: NodeJS.Signals): Promise<void> {
  const child = running.get(name);
  if (child === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}

async function cleanUp(): Promise<void> {
  ending = true;
  await Promise.all([...running.keys()].map((name) => kill(name, "SIGKILL")));
  for (const { program, args } of lastCommands) {
    // What it would take away may be gone already.
    spawnSync(program, [...args], { stdio: "ignore", cwd: "/", timeout: LAST_COMMAND_TIMEOUT_MS });
  }
  removeFolder(String(folder));
}

async function carryOut(request: Request): Promise<void> {
  switch (request.kind) {
    case "start":
      return start(request.name, request.command);
    case "kill":
      return kill(request.name, request.signal);
    case "atEnd":
      lastCommands.unshift(request.command);
      return;
    case "finish":
      return cleanUp();
  }
}

async function end(): Promise<void> {
  if (ending) return;
  try {
    await cleanUp();
    process.exit(0);
  } catch (error) {
    console.error(String(error));
    process.exit(1);
  }
}

process.on("message", (message) => {
  const request = parseRequest(message);
  carryOut(request)
    .then(
      () => tell({ kind: "answer", id: request.id, error: undefined }),
      (error: unknown) => tell({ kind: "answer", id: request.id, error: String(error) }),
    )
    .finally(() => {
      // With the channel closed and no child left, nothing keeps this program alive.
      if (request.kind === "finish") process.disconnect();
    });
});
process.on("disconnect", end);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);

mkdirSync(folder, { recursive: true, mode: 0o700 });
tell({ kind: "ready" });
// The owner may have died before this program came to life.
if (!process.connected) void end();

/** The reconciler as a process of its own, from its bundle. */
import { type ChildProcess, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { findFreePorts } from "../control-plane/free-ports.ts";
import { eventually } from "../eventually.ts";

const root = resolve(import.meta.dirname, "../../..");

export interface ReconcilerProcess {
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
  kill(signal?: NodeJS.Signals): void;
  /** Everything that it logged so far. */
  log(): string;
}

export interface ReconcilerProcessOptions {
  readonly distFolder: string;
  readonly kubeconfigPath: string;
  readonly flags?: readonly string[];
  /** What its log says when it is far enough, for one that does not get ready. */
  readonly until?: string;
}

/** Starts it and waits until its caches are filled, or until its log says what is waited for. @throws Error when it ends before, or after 30 s */
export async function startReconcilerProcess(options: ReconcilerProcessOptions): Promise<ReconcilerProcess> {
  const [port = 0] = await findFreePorts(1);
  const args = [
    join(options.distFolder, "stash-batch.mjs"),
    "reconciler",
    "--image=none",
    `--kubeconfig=${options.kubeconfigPath}`,
    `--listen=127.0.0.1:${port}`,
    ...(options.flags ?? []),
  ];
  // What one that ended in peace has compiled makes the start of the others shorter.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(options.distFolder, "compiled") };
  const child = spawn(resolve(root, "node_modules/node/bin/node"), args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  const running: ReconcilerProcess = {
    ended: new Promise((done) => child.once("exit", () => done())),
    kill: (signal = "SIGKILL") => void child.kill(signal),
    log: () => Buffer.concat(chunks).toString("utf8"),
  };
  await untilReady(child, `http://127.0.0.1:${port}/readyz`, running, options.until);
  return running;
}

async function untilReady(
  child: ChildProcess,
  url: string,
  running: ReconcilerProcess,
  until: string | undefined,
): Promise<void> {
  const look = async () => {
    if (child.exitCode !== null) throw new Error(`the reconciler ended:\n${running.log()}`);
    if (until !== undefined) return running.log().includes(until);
    return (await fetch(url).catch(() => undefined))?.ok === true;
  };
  await eventually(look, true).catch((error: unknown) => {
    running.kill();
    throw new Error(`the reconciler did not get ready:\n${running.log()}`, { cause: error });
  });
}

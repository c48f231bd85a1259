/** Machines made up of a few folders, on which scripts/cluster.sh runs, and release sites on loopback. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const SCRIPT = join(import.meta.dirname, "../../../scripts/cluster.sh");
/** What is of Kubernetes itself; kubectl comes along. */
export const RELEASED = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
];
/** What is of other projects. */
export const LENT = [
  "etcd",
  "containerd",
  "containerd-shim-runc-v2",
  "ctr",
  "bridge",
  "host-local",
  "loopback",
  "portmap",
];
/** Every program that a cluster needs, in the order in which the script names them. */
export const SERVERS = ["etcd", ...RELEASED.filter((name) => name !== "kubectl"), ...LENT.slice(1)];
/** What the script needs of a machine; apt-get is left out, so that no test installs anything. */
const TOOLS =
  "awk bash cat chmod cp cut date dirname env flock grep gzip id ln mkdir mktemp mv node readlink rm sed sh sha256sum sleep sort tail tar timeout uname wc";
/** Nothing listens here. */
export const NOWHERE = "http://127.0.0.1:1";

export interface Outcome {
  readonly code: number | null;
  /** The last line of stdout. */
  readonly folder: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MadeUpMachine {
  readonly dir: string;
  /** The only folder on PATH. */
  readonly tools: string;
  /** Where the script keeps what it made. */
  readonly cache: string;
  start(env: Readonly<Record<string, string>>): { kill(): void; readonly outcome: Promise<Outcome> };
  run(env?: Readonly<Record<string, string>>): Promise<Outcome>;
  remove(): Promise<void>;
}

export async function makeUpMachine(): Promise<MadeUpMachine> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "stash-batch-script-")));
  const tools = join(dir, "tools");
  await mkdir(tools);
  for (const tool of TOOLS.split(" ")) {
    const path = findProgram(tool);
    if (path === undefined) throw new Error(`this machine has no ${tool}`);
    await symlink(path, join(tools, tool));
  }

  function start(env: Readonly<Record<string, string>>): { kill(): void; readonly outcome: Promise<Outcome> } {
    const child = spawn(SCRIPT, {
      detached: true,
      env: {
        PATH: tools,
        HOME: dir,
        STASH_BATCH_KUBERNETES_SITE: NOWHERE,
        STASH_BATCH_ETCD_SITE: NOWHERE,
        STASH_BATCH_CONTAINERD_SITE: NOWHERE,
        STASH_BATCH_CNI_SITE: NOWHERE,
        STASH_BATCH_CNI_FOLDER: join(dir, "no-plugins"),
        ...env,
      },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    const outcome = new Promise<Outcome>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, folder: stdout.trimEnd().split("\n").at(-1), stdout, stderr }));
    });
    return { kill: () => void process.kill(-Number(child.pid), "SIGKILL"), outcome };
  }

  return {
    dir,
    tools,
    cache: join(dir, ".cache", "stash-batch", "cluster"),
    start,
    run: (env = {}) => start(env).outcome,
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/** Finds a program of the real machine. */
export function findProgram(name: string): string | undefined {
  if (name === "node") return process.execPath;
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Puts programs into a folder which all say that they are of this Kubernetes version, whatever they are asked. */
export async function putPrograms(folder: string, programs: readonly string[], version = "1.36.0"): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const program of programs) await putScript(join(folder, program), `echo Kubernetes v${version}`);
  return folder;
}

export async function putScript(path: string, body: string): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

export interface Site {
  readonly url: string;
  readonly asked: string[];
  close(): void;
}

/** Serves HTTP on a free port of loopback. */
export async function serveSite(listener: RequestListener): Promise<Site> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Serves each program as its own name, with its SHA-256 beside it. */
export function serveReleases(options: { readonly damaged?: string; readonly delayMs?: number } = {}): Promise<Site> {
  return serveSite((request, response) => {
    const name = basename(request.url ?? "");
    const program = name.replace(".sha256", "");
    const sum = createHash("sha256").update(program).digest("hex");
    const body = name === options.damaged ? "something else" : program;
    setTimeout(() => response.end(name.endsWith(".sha256") ? sum : body), options.delayMs ?? 0);
  });
}

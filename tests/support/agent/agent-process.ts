/** A real agent as the main process of a container: in a group of its own, which ends as a whole. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentWorld } from "./agent-world.ts";

export interface AgentProcess {
  readonly child: ChildProcess;
  /** All it wrote so far. */
  output(): string;
  /** Sends the signal and waits for the end. @returns the exit code */
  end(signal?: NodeJS.Signals): Promise<number | null>;
  exited: Promise<number | null>;
}

export interface AgentOptions {
  readonly args: readonly string[];
  readonly podUid: string;
  readonly podName?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Folder that outlives the container; the world's own by default. */
  readonly scratch?: string;
}

/** Starts the agent as a container's main process would run, in a process group of its own. */
export function startAgent(world: AgentWorld, options: AgentOptions): AgentProcess {
  const { hostname, port } = new URL(world.serverUrl);
  const child = spawn(
    process.execPath,
    [
      world.script,
      ...options.args,
      `--identity-dir=${world.identity}`,
      `--secrets-dir=${world.secrets}`,
      `--scratch-dir=${options.scratch ?? world.scratch}`,
    ],
    {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        POD_NAME: options.podName ?? "web-1",
        POD_UID: options.podUid,
        POD_NAMESPACE: world.namespace,
        POD_IP: "127.0.0.1",
        NODE_NAME: "node-1",
        ...options.env,
      },
    },
  );
  let output = "";
  const log = createWriteStream(join(world.dir, `agent-${child.pid}.log`));
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
      log.write(chunk);
    });
  }
  const exited = once(child, "close").then(() => child.exitCode);
  return {
    child,
    output: () => output,
    exited,
    async end(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return exited;
    },
  };
}

/** Waits for the agent's own end. @throws Error with its output when it does not come */
export async function waitForExit(agent: AgentProcess, limitMs = 60_000): Promise<number | null> {
  const late = sleep(limitMs, undefined, { ref: false }).then(() => {
    throw new Error(`the agent did not end: ${agent.output()}`);
  });
  return Promise.race([agent.exited, late]);
}

/** Kills all processes of the agent at once, as the end of a container does. */
export async function killContainer(agent: AgentProcess): Promise<void> {
  if (agent.child.pid !== undefined) {
    try {
      process.kill(-agent.child.pid, "SIGKILL");
    } catch {
      // All of them are gone already.
    }
  }
  await agent.exited;
}

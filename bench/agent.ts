/**
 * `npm run bench -- agent`: the agent around restic against bare restic on the same tree, and what an idle sidecar costs.
 * Real API server, real restic, the agent as it is bundled for the image.
 *
 * Budgets: overheadRatio and restoreOverheadRatio 1.05, idlePrivateMiB 12, idleRequestsPerMinute 0.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createKubeClient } from "../shared/kube/client/http.ts";
import { findConnection } from "../shared/kube/connection/find.ts";
import { createConfiguration, targetFlags } from "../tests/support/agent/agent-objects.ts";
import { type AgentProcess, killContainer, startAgent } from "../tests/support/agent/agent-process.ts";
import { createAgentWorld } from "../tests/support/agent/agent-world.ts";
import { startControlPlane } from "../tests/support/control-plane/control-plane.ts";
import { type ComparedTimes, compareWithBare, type Times } from "./_agent-times.ts";
import { makeBigTree } from "./_agent-tree.ts";
import { startCountingProxy } from "./_counting-proxy.ts";

const SETTLE_MS = 8_000;
const COUNT_MS = 60_000;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** Memory of a process in MiB. */
function memoryOf(pid: number): { readonly anon: number; readonly file: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const read = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { anon: read("RssAnon"), file: read("RssFile") };
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function compared(what: keyof Times, { bare, agent }: ComparedTimes) {
  const bareMs = median(bare.map((times) => times[what]));
  const agentMs = median(agent.map((times) => times[what]));
  return {
    ratio: round(agentMs / bareMs, 3),
    bareSeconds: round(bareMs / 1_000, 2),
    agentSeconds: round(agentMs / 1_000, 2),
  };
}

function pidOf(agent: AgentProcess): number {
  if (agent.child.pid === undefined) throw new Error("the agent did not start");
  return agent.child.pid;
}

export async function run(): Promise<Record<string, number>> {
  const controlPlane = await startControlPlane({ scheduler: false });
  const connection = await findConnection({ env: {}, kubeconfigPath: controlPlane.kubeconfigPath });
  const client = createKubeClient({ connection, program: "bench" });
  const world = await createAgentWorld(client, controlPlane);
  const proxy = await startCountingProxy(Number(new URL(world.serverUrl).port));
  await createConfiguration(world, { paths: [world.data] });
  const agent = startAgent(
    { ...world, serverUrl: `https://127.0.0.1:${proxy.port}` },
    { args: ["run-backup", ...targetFlags(world)], podUid: "uid-1" },
  );
  try {
    await sleep(SETTLE_MS);
    const idle = memoryOf(pidOf(agent));
    const before = proxy.count();
    await sleep(COUNT_MS);
    const idleRequests = proxy.count() - before;
    await makeBigTree(world.data);
    const times = await compareWithBare(client, world);
    const backup = compared("backupMs", times);
    const restore = compared("restoreMs", times);
    await sleep(SETTLE_MS);
    const used = memoryOf(pidOf(agent));
    return {
      overheadRatio: backup.ratio,
      bareSeconds: backup.bareSeconds,
      agentSeconds: backup.agentSeconds,
      restoreOverheadRatio: restore.ratio,
      bareRestoreSeconds: restore.bareSeconds,
      agentRestoreSeconds: restore.agentSeconds,
      idlePrivateMiB: round(idle.anon, 2),
      idleFileBackedMiB: round(idle.file, 2),
      idleAfterWorkPrivateMiB: round(used.anon, 2),
      idleRequestsPerMinute: idleRequests,
      bundleKiB: round(bytesIn(join(world.dir, "agent")) / 1024, 1),
    };
  } finally {
    await killContainer(agent);
    proxy.stop();
    await world.stop();
    client.close();
    await controlPlane.stop();
  }
}

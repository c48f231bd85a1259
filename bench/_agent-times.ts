/** What the agent around restic takes beside bare restic: a backup and a restore of the same tree, in turns. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type HostRun, parseHostRun } from "../shared/api/host-run.ts";
import { KINDS } from "../shared/api/kinds.ts";
import { createInformer } from "../shared/kube/cache/informer.ts";
import type { KubeClient } from "../shared/kube/client/interface.ts";
import { createRestore, createSession, targetFlags } from "../tests/support/agent/agent-objects.ts";
import { killContainer, startAgent } from "../tests/support/agent/agent-process.ts";
import { type AgentWorld, PASSWORD } from "../tests/support/agent/agent-world.ts";
import { timeRestic } from "./_agent-tree.ts";

const ROUNDS = 5;
const RUN_LIMIT_MS = 600_000;
const POLL_MS = 50;

export interface Times {
  readonly backupMs: number;
  readonly restoreMs: number;
}

export interface ComparedTimes {
  readonly bare: readonly Times[];
  readonly agent: readonly Times[];
}

interface Bench {
  readonly world: AgentWorld;
  readonly ends: Ends;
}

interface Ends {
  /** Resolves when the host run's end can be read. */
  of(name: string): Promise<HostRun>;
  stop(): Promise<void>;
}

/** By a watch: who asks again and again takes from restic what is measured. */
async function watchEnds(client: KubeClient, { namespace }: AgentWorld): Promise<Ends> {
  const waiting = new Map<string, (run: HostRun) => void>();
  const look = (run: HostRun): void => {
    if (run.status?.phase === "Succeeded" || run.status?.phase === "Failed") waiting.get(run.metadata.name)?.(run);
  };
  const informer = createInformer<HostRun>({
    client,
    resource: KINDS.HostRun,
    namespace,
    transform: parseHostRun,
    indexes: {},
    onProblem: (problem) => console.error(problem),
  });
  informer.subscribe({ add: look, update: (_before, run) => look(run) });
  informer.start();
  await informer.hasSynced();
  return {
    of: (name) => {
      const { promise, resolve, reject } = Promise.withResolvers<HostRun>();
      const late = setTimeout(() => reject(new Error(`the host run ${name} does not end`)), RUN_LIMIT_MS);
      waiting.set(name, (run) => {
        clearTimeout(late);
        if (run.status?.phase === "Succeeded") resolve(run);
        else reject(new Error(`${name} failed: ${run.status?.error}`));
      });
      return promise;
    },
    stop: () => informer.stop(),
  };
}

function resticEnv(world: AgentWorld) {
  return { PATH: process.env["PATH"], RESTIC_PASSWORD: PASSWORD, RESTIC_REPOSITORY: world.repository };
}

/** An empty repository and an empty cache, as in a new pod. */
async function freshRepository(world: AgentWorld): Promise<void> {
  for (const folder of [world.repository, world.scratch]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(world.scratch, { recursive: true });
  await timeRestic(["init"], resticEnv(world));
}

function cacheFlags(world: AgentWorld): readonly string[] {
  return ["--cache-dir", join(world.scratch, "restic-cache")];
}

async function timeBare({ world }: Bench): Promise<Times> {
  await freshRepository(world);
  const env = resticEnv(world);
  const backup = ["backup", "--json", "--host", "host-0", ...cacheFlags(world), world.data];
  const backupMs = await timeRestic(backup, env);
  rmSync(world.data, { recursive: true });
  const restoreMs = await timeRestic(["restore", "latest", "--target", "/", ...cacheFlags(world)], env);
  return { backupMs, restoreMs };
}

/** From the moment in which the host has its turn to the one in which its result can be read. */
async function timeAgent({ world, ends }: Bench, name: string): Promise<Times> {
  await freshRepository(world);
  const saved = ends.of(name);
  const backupFromMs = performance.now();
  const entry = { hostname: "host-0", attempt: 1, phase: "Pending" } as const;
  await createSession(world, { name, entry: { ...entry, pod: "web-1", podUID: "uid-1" } });
  await saved;
  const backupMs = performance.now() - backupFromMs;
  rmSync(world.data, { recursive: true });
  const pod = { podUid: `uid-${name}`, podName: "web-2" };
  const flags = ["restore", "--invoker-kind=RestoreSession", `--invoker-name=${name}`, ...targetFlags(world)];
  const init = startAgent(world, { args: flags, ...pod });
  try {
    while (!init.output().includes('"waiting"')) await sleep(POLL_MS);
    const restored = ends.of(`restore-${name}`);
    const restoreFromMs = performance.now();
    await createRestore(world, { name, entry: { ...entry, pod: pod.podName, podUID: pod.podUid } });
    await restored;
    return { backupMs, restoreMs: performance.now() - restoreFromMs };
  } finally {
    await killContainer(init);
  }
}

/** Of two that follow each other the second may find the disk busy with the first: they take turns in going first. */
export async function compareWithBare(client: KubeClient, world: AgentWorld): Promise<ComparedTimes> {
  const ends = await watchEnds(client, world);
  const bench = { world, ends };
  const bare: Times[] = [];
  const agent: Times[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      if (round % 2 === 0) bare.push(await timeBare(bench));
      agent.push(await timeAgent(bench, `run-${round}`));
      if (round % 2 !== 0) bare.push(await timeBare(bench));
    }
  } finally {
    await ends.stop();
  }
  return { bare, agent };
}

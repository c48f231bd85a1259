/** Kills what a cluster can lose and starts it again, at moments that a seed chooses. */
import { setTimeout as sleep } from "node:timers/promises";
import { signalIn } from "../tests/support/node/containers.ts";
import { listPods } from "../tests/support/objects/pods.ts";
import type { InstalledCluster } from "../tests/support/product/installed-cluster.ts";
import { pick, type Random } from "./_random.ts";
import type { SoakLog } from "./_soak-log.ts";

/** Between two kills of the same loop. */
const PAUSE_MS = { from: 3_000, to: 35_000 };
/** How long a killed program is away. */
const AWAY_MS = { from: 0, to: 12_000 };

const MIND_MS = 2_000;
const RESTIC_LOOKS = 100;
const LOOK_MS = 100;

interface Program {
  readonly name: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface Faults {
  /** Nobody is killed until it is called again. */
  rest(isResting: boolean): void;
  /** Ends; everything runs again then. */
  stop(): Promise<void>;
  /** How often each was killed. */
  counts(): Readonly<Record<string, number>>;
}

const within = (random: Random, { from, to }: { readonly from: number; readonly to: number }): number =>
  Math.round(from + random() * (to - from));

/** @param agents namespace whose pods have agents */
export function startFaults(cluster: InstalledCluster, agents: string, random: Random, log: SoakLog): Faults {
  const node = cluster.nodeNamed("node-a");
  const { product, controlPlane } = cluster;
  const programs: readonly Program[] = [
    ...(["reconciler", "webhook"] as const).map((name) => ({
      name,
      kill: () => product.kill(name),
      start: () => product.start(name),
    })),
    { name: "kube-apiserver", kill: () => controlPlane.killApiServer(), start: () => controlPlane.startApiServer() },
    { name: "kubelet", kill: () => node.kill("kubelet"), start: () => node.start("kubelet") },
  ];
  const kills = new Map<string, number>();
  const over = new AbortController();
  let isResting = false;
  const count = (name: string): void => {
    kills.set(name, (kills.get(name) ?? 0) + 1);
  };
  const nap = (ms: number) => sleep(ms, undefined, { signal: over.signal }).catch(() => undefined);

  async function killProgram(): Promise<void> {
    const program = pick(random, programs);
    const awayMs = within(random, AWAY_MS);
    log.note("kill", { program: program.name, awayMs });
    await program.kill();
    count(program.name);
    await nap(awayMs);
    await startAgain(program);
  }

  /** The reconciler needs the API server to start: where that is slow it is started again, as a kubelet would. */
  async function startAgain(program: Program): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await program.start();
        log.note("started", { program: program.name });
        return;
      } catch (error) {
        log.note("not started", { program: program.name, error: String(error).slice(0, 500) });
        if (tries === 5) throw error;
        await program.kill();
      }
    }
  }

  async function killAgent(): Promise<void> {
    const pods = await listPods(cluster.client, agents, "app");
    const running = pods.flatMap(({ name, runs }) =>
      runs.filter((container) => container.startsWith("stash")).map((container) => ({ pod: name, container })),
    );
    if (running.length === 0) return;
    // The whole container, or restic alone, which runs for moments: it is waited for.
    const program = random() < 0.5 ? "restic" : "";
    const name = program === "" ? "agent" : program;
    for (let looks = program === "" ? 1 : RESTIC_LOOKS; looks > 0 && !over.signal.aborted; looks -= 1) {
      const { pod, container } = pick(random, running);
      const place = { namespace: agents, pod, container, program };
      const processes = await signalIn(cluster.client, cluster.nodes, place, "SIGKILL");
      if (processes > 0) {
        log.note("kill", { program: name, pod, container, processes });
        return count(name);
      }
      await nap(LOOK_MS);
    }
  }

  async function repeat(act: () => Promise<void>): Promise<void> {
    while (!over.signal.aborted) {
      await nap(within(random, PAUSE_MS));
      if (isResting || over.signal.aborted) continue;
      await act();
    }
  }

  /** Kubernetes' own, of which nothing is asked here. */
  async function mindControllers(): Promise<void> {
    while (!over.signal.aborted) {
      await controlPlane.startEndedControllers();
      await nap(MIND_MS);
    }
  }

  const loops = Promise.all([
    mindControllers(),
    repeat(killProgram),
    // The API server may be away, the pod gone.
    repeat(() => killAgent().catch((error: unknown) => log.note("not killed", { error: String(error).slice(0, 200) }))),
  ]);
  loops.catch((error: unknown) => log.note("faults ended", { error: String(error) }));
  return {
    rest(resting) {
      if (isResting !== resting) log.note(resting ? "rest" : "go on");
      isResting = resting;
    },
    async stop() {
      over.abort();
      await loops;
    },
    counts: () => Object.fromEntries(kills),
  };
}

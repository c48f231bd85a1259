/**
 * `npm run bench -- soak [MINUTES [SEED]]`: sessions and restores on a real node while reconciler, webhook, API server, kubelet, agents
 * and restic are killed at moments of a seed. Every success is brought back and compared, by restic alone and by a restore.
 * What was killed and what was found is in bench/results/soak-SEED.log.
 */
import { join } from "node:path";
import { createRandom, type Random } from "./_random.ts";
import { changeFolder, Repository } from "./_soak-data.ts";
import { startFaults } from "./_soak-faults.ts";
import { openSoakLog } from "./_soak-log.ts";
import { watchMemory } from "./_soak-memory.ts";
import { playRound } from "./_soak-rounds.ts";
import { type SoakRun, StuckError } from "./_soak-run.ts";
import { watchSchedule } from "./_soak-schedule.ts";
import { SOAK_NAMESPACE, startSoakStage } from "./_soak-stage.ts";

const DEFAULT_MINUTES = 60;
const MS_PER_MINUTE = 60_000;
/** The last part of the time, in which nobody is killed and memory is looked at. */
const CALM_SHARE = 0.15;

function readNumber(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isFinite(value)) throw new Error(`usage: npm run bench -- soak [MINUTES [SEED]]: ${text} is no number`);
  return value;
}

/** Each part has chances of its own, so that what one does moves no other. */
const randomOf = (seed: number, part: number): Random => createRandom(seed * 7 + part);

export async function run(args: readonly string[]): Promise<Record<string, number>> {
  const minutes = readNumber(args[0], DEFAULT_MINUTES);
  const seed = readNumber(args[1], Date.now() % 1_000_000);
  const log = openSoakLog(join(import.meta.dirname, "results", `soak-${seed}.log`));
  process.stderr.write(`soak: ${minutes} minutes, seed ${seed}, log ${log.path}\n`);
  const stage = await startSoakStage();
  try {
    const { cluster, stand } = stage;
    await changeFolder(stage.stillFolder, randomOf(seed, 1));
    const repository = new Repository(stand.repository);
    const memory = watchMemory(cluster.controlPlane.dir, cluster.nodeNamed("node-a").cgroup);
    const faults = startFaults(cluster, SOAK_NAMESPACE, randomOf(seed, 2), log);
    const schedule = watchSchedule(stage, repository, log);
    const ends = new Map<string, number>();
    const soak: SoakRun = { stage, repository, random: randomOf(seed, 3), faults, log, saved: [], ends, slowestMs: 0 };
    const begin = performance.now();
    const share = () => (performance.now() - begin) / (minutes * MS_PER_MINUTE);
    let rounds = 0;
    const play = async (end: number) => {
      for (; share() < end; rounds += 1) await playRound(soak, rounds);
    };
    try {
      await play(1 - CALM_SHARE);
      await faults.stop();
      log.note("calm");
      await play(1);
    } catch (error) {
      // What is stuck stays so: there is nothing more to learn.
      if (!(error instanceof StuckError)) throw error;
      await faults.stop();
    }
    await schedule.stop();
    await repository.check().catch((error: unknown) => log.find("lost", { why: "restic check", error: String(error) }));
    await memory.stop();
    return {
      seed,
      minutes,
      rounds,
      ...log.counts(),
      ...Object.fromEntries(ends),
      ...schedule.counts(),
      slowestSeconds: Math.round(soak.slowestMs / 1_000),
      ...Object.fromEntries(Object.entries(faults.counts()).map(([name, count]) => [`kills ${name}`, count])),
      ...memory.figures(),
    };
  } finally {
    for (const program of ["reconciler", "webhook"] as const)
      log.note(`log of the ${program}`, { text: await stage.cluster.product.log(program) });
    await stage.cluster.stop();
  }
}

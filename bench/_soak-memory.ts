/** Resident memory of our programs over time, and how fast it grows. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const SAMPLE_MS = 5_000;
/** What a program takes while it starts is no growth. */
const WARM_MS = 180_000;
const MS_PER_HOUR = 3_600_000;
const KIB_PER_MIB = 1_024;

export const SOAKED_PROGRAMS = ["reconciler", "webhook", "agent"] as const;
export type SoakedProgram = (typeof SOAKED_PROGRAMS)[number];

export interface MemorySample {
  readonly atMs: number;
  readonly mib: number;
}

/**
 * Slope of a line through the samples of several processes, each of which may have a height of its own.
 *
 * @param processes samples of each process, in order of time
 * @returns MiB an hour; undefined when no process lived long enough
 */
export function slopeMiBPerHour(processes: Iterable<readonly MemorySample[]>): number | undefined {
  let covariance = 0;
  let variance = 0;
  for (const samples of processes) {
    const begin = (samples[0]?.atMs ?? 0) + WARM_MS;
    const warm = samples.filter(({ atMs }) => atMs >= begin);
    const mean = (of: (sample: MemorySample) => number) => warm.reduce((sum, one) => sum + of(one), 0) / warm.length;
    const middleMs = mean(({ atMs }) => atMs);
    const middleMib = mean(({ mib }) => mib);
    for (const { atMs, mib } of warm) {
      covariance += (atMs - middleMs) * (mib - middleMib);
      variance += (atMs - middleMs) ** 2;
    }
  }
  return variance === 0 ? undefined : (covariance / variance) * MS_PER_HOUR;
}

export interface MemoryWatch {
  stop(): Promise<void>;
  /** By program: how its memory grew, and the most it took. */
  figures(): Readonly<Record<string, number>>;
}

/**
 * @param folder of the installation: its programs outside of pods name it on their command lines
 * @param cgroup control group of the node's pods
 */
export function watchMemory(folder: string, cgroup: string): MemoryWatch {
  const taken = new Map<SoakedProgram, Map<string, MemorySample[]>>(SOAKED_PROGRAMS.map((name) => [name, new Map()]));
  const over = new AbortController();
  const loop = (async () => {
    while (!over.signal.aborted) {
      for (const { program, pid, mib } of await findPrograms(folder, cgroup)) {
        const processes = taken.get(program);
        const samples = processes?.get(pid) ?? [];
        samples.push({ atMs: performance.now(), mib });
        processes?.set(pid, samples);
      }
      await sleep(SAMPLE_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      over.abort();
      await loop;
    },
    figures() {
      const figures: Record<string, number> = {};
      for (const [program, processes] of taken) {
        const slope = slopeMiBPerHour(processes.values());
        if (slope !== undefined) figures[`${program}RssMiBPerHour`] = Math.round(slope * 10) / 10;
        const most = Math.max(0, ...[...processes.values()].flat().map(({ mib }) => mib));
        figures[`${program}MostRssMiB`] = Math.round(most);
      }
      return figures;
    },
  };
}

async function findPrograms(folder: string, cgroup: string) {
  const found: { readonly program: SoakedProgram; readonly pid: string; readonly mib: number }[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    // Any of them may end while it is looked at.
    const read = (file: string) => readFile(join("/proc", pid, file), "utf8").catch(() => "");
    const command = await read("cmdline");
    if (!command.includes("stash-batch.mjs")) continue;
    const program =
      programOf(command, folder) ?? ((await read("cgroup")).includes(cgroup) ? agentOf(command) : undefined);
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(await read("status"))?.[1];
    if (program !== undefined && kib !== undefined) found.push({ program, pid, mib: Number(kib) / KIB_PER_MIB });
  }
  return found;
}

function programOf(command: string, folder: string): SoakedProgram | undefined {
  if (!command.includes(folder)) return undefined;
  return (["reconciler", "webhook"] as const).find((name) => command.includes(`stash-batch.mjs\0${name}\0`));
}

/** The sidecar that stays; what it starts for one session is none. */
function agentOf(command: string): SoakedProgram | undefined {
  return command.includes("stash-batch.mjs\0run-backup") ? "agent" : undefined;
}

/**
 * The webhook by itself: how many reviews it answers compared with the same server that decides nothing, and how long a
 * decision with its patch takes. Server and load run in processes of their own; both servers get the same load in turns.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueServer, loadCertificates } from "../tests/support/control-plane/certificates.ts";
import { createGather } from "../webhook/gather.ts";
import { mutate } from "../webhook/mutate.ts";
import { parseReview } from "../webhook/review.ts";
import { aBenchWorkload, anInjectedWorkload, aReview, createBenchWorld, SETTINGS } from "./_webhook-world.ts";

/** One start of a program is up to a tenth faster or slower than the next, for as long as it runs. */
const STARTS = 3;
/** Node goes on compiling what is used often for the first seconds. */
const WARM_UP_ROUNDS = 3;
const ROUNDS = 5;
const ROUND_SECONDS = 2;
const DECISIONS = 20_000;
const WARM_UP = 2_000;

interface Usage {
  readonly rssKiB: number;
  readonly cpuMicros: number;
}

interface Round {
  readonly perSecond: number;
  readonly cpuMicrosPerReview: number;
}

interface Pair {
  readonly real: Round;
  readonly fixed: Round;
}

/** What two freshly started servers did. */
interface Start {
  readonly mixed: readonly Pair[];
  readonly injecting: readonly Pair[];
  readonly rssKiB: number;
}

export async function run(): Promise<Record<string, number>> {
  const folder = await makeCertificate();
  try {
    const starts: Start[] = [];
    for (let count = 0; count < STARTS; count++) starts.push(await measureStart(folder));
    const mixed = starts.flatMap((start) => start.mixed);
    const injecting = starts.flatMap((start) => start.injecting);
    const ratios = starts.map((start) => median(start.mixed.map(throughputRatio)));
    return {
      throughputRatio: median(mixed.map(throughputRatio)),
      lowestThroughputRatio: Math.min(...ratios),
      highestThroughputRatio: Math.max(...ratios),
      cpuRatio: median(mixed.map(cpuRatio)),
      reviewsPerSecond: median(mixed.map(({ real }) => real.perSecond)),
      fixedPerSecond: median(mixed.map(({ fixed }) => fixed.perSecond)),
      cpuMicrosPerReview: median(mixed.map(({ real }) => real.cpuMicrosPerReview)),
      injectOnlyThroughputRatio: median(injecting.map(throughputRatio)),
      injectOnlyCpuRatio: median(injecting.map(cpuRatio)),
      rssMiB: median(starts.map(({ rssKiB }) => rssKiB)) / 1_024,
      ...measureDecisions(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function throughputRatio({ real, fixed }: Pair): number {
  return real.perSecond / fixed.perSecond;
}

function cpuRatio({ real, fixed }: Pair): number {
  return fixed.cpuMicrosPerReview / real.cpuMicrosPerReview;
}

async function measureStart(folder: string): Promise<Start> {
  const real = start("_webhook-server.ts", folder, "real");
  const fixed = start("_webhook-server.ts", folder, "fixed");
  const mixed = start("_webhook-load.ts", "mixed");
  const injectOnly = start("_webhook-load.ts", "inject");
  try {
    const [{ port: realPort }, { port: fixedPort }] = await Promise.all([
      answer<{ port: number }>(real),
      answer<{ port: number }>(fixed),
    ]);
    const compare = async (load: ChildProcess, rounds: number) => {
      const pairs: Pair[] = [];
      for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
        const pair = { real: await measure(load, real, realPort), fixed: await measure(load, fixed, fixedPort) };
        if (round >= WARM_UP_ROUNDS) pairs.push(pair);
      }
      return pairs;
    };
    const pairs = await compare(mixed, ROUNDS);
    const injecting = await compare(injectOnly, 2);
    const { rssKiB } = await ask<Usage>(real, "usage");
    return { mixed: pairs, injecting, rssKiB };
  } finally {
    for (const child of [real, fixed, mixed, injectOnly]) child.kill("SIGKILL");
  }
}

async function measure(load: ChildProcess, server: ChildProcess, port: number): Promise<Round> {
  const before = await ask<Usage>(server, "usage");
  const { count } = await ask<{ count: number }>(load, { port, seconds: ROUND_SECONDS });
  const after = await ask<Usage>(server, "usage");
  return { perSecond: count / ROUND_SECONDS, cpuMicrosPerReview: (after.cpuMicros - before.cpuMicros) / count };
}

async function makeCertificate(): Promise<string> {
  const { ca } = await loadCertificates();
  const { certPem, keyPem } = await issueServer(ca, { user: "webhook", groups: [] }, ["webhook"], ["127.0.0.1"]);
  const folder = mkdtempSync(join(tmpdir(), "stash-batch-bench-"));
  writeFileSync(join(folder, "tls.crt"), certPem);
  writeFileSync(join(folder, "tls.key"), keyPem);
  writeFileSync(join(folder, "ca.crt"), ca.certPem);
  return folder;
}

/** With the flag that the image's entry point has. */
function start(file: string, ...args: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), args, { execArgv: ["--max-semi-space-size=2"] });
}

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`a process of the bench ended with ${code}`));
    child.once("exit", onExit);
    child.once("message", (message: T) => {
      child.off("exit", onExit);
      resolve(message);
    });
  });
}

function ask<T>(child: ChildProcess, order: string | object): Promise<T> {
  const answered = answer<T>(child);
  child.send(order);
  return answered;
}

/** Reviews are parsed outside of what is measured, each for itself, as the server gets them. */
function measureDecisions(): Record<string, number> {
  const gather = createGather({ world: createBenchWorld(), settings: SETTINGS, isSynced: () => true });
  const named = aBenchWorkload("app-1");
  const injected = anInjectedWorkload("app-1");
  const cases = {
    inject: aReview(named),
    refresh: aReview(withMount(injected), injected),
    upToDate: aReview(injected, injected),
    skip: aReview(aBenchWorkload("other")),
  };
  const figures: Record<string, number> = {};
  for (const [name, body] of Object.entries(cases)) {
    const times: number[] = [];
    for (let index = 0; index < WARM_UP + DECISIONS; index++) {
      const review = parseReview(body);
      if ("fault" in review) throw new Error(review.fault);
      const startedAt = performance.now();
      mutate(review.request, gather);
      if (index >= WARM_UP) times.push(performance.now() - startedAt);
    }
    times.sort((a, b) => a - b);
    figures[`${name}P50Ms`] = times[Math.floor(times.length * 0.5)] ?? 0;
    figures[`${name}P99Ms`] = times[Math.floor(times.length * 0.99)] ?? 0;
  }
  return figures;
}

/** Another user of the data changes what the sidecar must be. */
function withMount(workload: ReturnType<typeof aBenchWorkload>) {
  const copy = structuredClone(workload);
  Object.assign(copy.spec.template.spec.securityContext, { runAsUser: 1_000 });
  return copy;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * What those who mean harm can do to the listeners: mutated reviews, hostile bodies and request lines from one process, and beside
 * them a normal review now and then, which must go on being answered. `-- hostile --reviews N --hostile N --seed N` for other counts.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { issueServer, loadCertificates } from "../tests/support/control-plane/certificates.ts";
import { aBenchWorkload, aReview } from "./_webhook-world.ts";

const PROBE_EVERY_MS = 20;
const SAMPLE_EVERY_MS = 500;
/** Caches fill and code is compiled meanwhile. */
const WARM_UP_PART = 0.4;

interface Ports {
  readonly webhookPort: number;
  readonly statusPort: number;
}

interface Sample {
  readonly atMs: number;
  readonly rssMiB: number;
}

export async function run(): Promise<Record<string, number>> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      reviews: { type: "string", default: "200000" },
      hostile: { type: "string", default: "10000" },
      seed: { type: "string", default: "1" },
    },
  });
  const [reviews, hostile, seed] = [Number(values.reviews), Number(values.hostile), Number(values.seed)];
  const folder = await makeCertificate();
  const target = start("_hostile-target.ts", folder);
  const load = start("_hostile-load.ts");
  let crashes = 0;
  const crashed = new Promise<void>((done) => {
    target.once("exit", () => {
      crashes++;
      done();
    });
  });
  try {
    const ports = await message<Ports>(target);
    const beside = new AbortController();
    const times = probe(ports.webhookPort, beside.signal);
    const samples = sample(target, beside.signal);
    load.send({ ...ports, reviews, hostile, seed });
    const answered = message<{ statuses: Record<string, number> }>(load);
    const ended = await Promise.race([answered, crashed.then(() => undefined)]);
    beside.abort();
    const statuses = ended?.statuses ?? {};
    const numbered = Object.entries(statuses);
    const serverErrors = sum(numbered.filter(([status]) => status.startsWith("5")));
    const { all, failed } = await times;
    const sampled = await samples;
    return {
      crashes,
      serverErrors,
      mutateP99Ms: quantile(all, 0.99),
      mutateP50Ms: quantile(all, 0.5),
      mutateCount: all.length,
      mutateFailures: failed,
      rssSlopeMiBPerMin: slope(sampled.slice(Math.floor(sampled.length * WARM_UP_PART))),
      rssMaxMiB: Math.max(...sampled.map(({ rssMiB }) => rssMiB)),
      answered: sum(numbered),
      ok: statuses["200"] ?? 0,
      refused: sum(numbered.filter(([status]) => status.startsWith("4"))),
      withoutAnswer: statuses["none"] ?? 0,
    };
  } finally {
    target.removeAllListeners("exit");
    target.kill("SIGKILL");
    load.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A normal review, again and again over a kept connection, as an API server sends them. */
async function probe(
  port: number,
  until: AbortSignal,
): Promise<{ readonly all: readonly number[]; readonly failed: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = aReview(aBenchWorkload("app-1"));
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const all: number[] = [];
  let failed = 0;
  while (!until.aborted) {
    const startedAt = performance.now();
    const isAnswered = await new Promise<boolean>((done) => {
      const call = request({
        host: "127.0.0.1",
        port,
        path: "/mutate",
        method: "POST",
        agent,
        headers,
        rejectUnauthorized: false,
      });
      call.on("response", (response) => {
        response.resume();
        response.on("end", () => done(response.statusCode === 200));
      });
      call.on("error", () => done(false));
      call.end(body);
    });
    if (isAnswered) all.push(performance.now() - startedAt);
    else failed++;
    await sleep(PROBE_EVERY_MS);
  }
  agent.destroy();
  return { all: all.toSorted((a, b) => a - b), failed };
}

async function sample(child: ChildProcess, until: AbortSignal): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  while (!until.aborted) {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      const rssMiB = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
      if (Number.isFinite(rssMiB)) samples.push({ atMs: performance.now(), rssMiB });
    } catch {
      // The process has ended, which is counted elsewhere.
      break;
    }
    await sleep(SAMPLE_EVERY_MS);
  }
  return samples;
}

/** Of the line that fits best, per minute. */
function slope(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;
  const at = mean(samples.map(({ atMs }) => atMs));
  const rss = mean(samples.map(({ rssMiB }) => rssMiB));
  const together = mean(samples.map(({ atMs, rssMiB }) => (atMs - at) * (rssMiB - rss)));
  const spread = mean(samples.map(({ atMs }) => (atMs - at) ** 2));
  return samples.length < 2 || spread === 0 ? 0 : (together / spread) * 60_000;
}

function sum(counts: readonly (readonly [string, number])[]): number {
  return counts.reduce((total, [, count]) => total + count, 0);
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

async function makeCertificate(): Promise<string> {
  const { ca } = await loadCertificates();
  const { certPem, keyPem } = await issueServer(ca, { user: "webhook", groups: [] }, ["webhook"], ["127.0.0.1"]);
  const folder = mkdtempSync(join(tmpdir(), "stash-batch-hostile-"));
  writeFileSync(join(folder, "tls.crt"), certPem);
  writeFileSync(join(folder, "tls.key"), keyPem);
  writeFileSync(join(folder, "ca.crt"), ca.certPem);
  return folder;
}

/** With the flag that the image's entry point has. */
function start(file: string, ...args: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), args, { execArgv: ["--max-semi-space-size=2"] });
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once("message", (value: T) => resolve(value)));
}

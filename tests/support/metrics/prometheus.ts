/** A real Prometheus with a past: what the product would have told at each moment, put into its store before it starts. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sample } from "../../../reconciler/metrics/gauge-table.ts";
import { findFreePorts } from "../control-plane/free-ports.ts";
import { runTool, startDaemon } from "../databases/server.ts";

export interface Moment {
  readonly atMs: number;
  readonly samples: Iterable<Sample>;
}

export interface Prometheus {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

const formatLabels = (labels: Sample["labels"]) =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",");

/** One family after the other, as OpenMetrics wants it. */
function formatMoments(moments: readonly Moment[], labels: Sample["labels"]): string {
  const families = new Map<string, string[]>();
  for (const { atMs, samples } of moments) {
    for (const { name, labels: own, value } of samples) {
      const lines = families.get(name) ?? [`# TYPE ${name} gauge`];
      lines.push(`${name}{${formatLabels({ ...own, ...labels })}} ${value} ${atMs / 1_000}`);
      families.set(name, lines);
    }
  }
  return `${[...families.values()].flat().join("\n")}\n# EOF\n`;
}

/** @param host address to listen on @param labels that every sample has besides */
export async function startPrometheus(
  moments: readonly Moment[],
  host = "127.0.0.1",
  labels: Sample["labels"] = {},
): Promise<Prometheus> {
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-prometheus-"));
  const [input, store, config] = [join(dir, "past.om"), join(dir, "store"), join(dir, "prometheus.yml")];
  await writeFile(input, formatMoments(moments, labels));
  await writeFile(config, "scrape_configs: []\n");
  await runTool(["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", input, store]);
  const [port = 0] = await findFreePorts(1);
  const url = `http://${host}:${port}`;
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${store}`,
    "--storage.tsdb.retention.time=1y",
    `--web.listen-address=${host}:${port}`,
  ];
  const isReady = async () => (await fetch(`${url}/-/ready`)).ok;
  const daemon = await startDaemon(["prometheus", ...flags], { dir, logPath: join(dir, "log"), isReady });
  return { port, url, stop: () => daemon.stop() };
}

/** Child of bench/webhook.ts: the webhook's server, deciding or answering a fixed allow. argv: folder with certificate, mode. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { answerMutation } from "../webhook/answer.ts";
import { createGather } from "../webhook/gather.ts";
import { createMetrics } from "../webhook/metrics.ts";
import type { Answer, ParsedReview } from "../webhook/review.ts";
import { createWebhookServer } from "../webhook/server.ts";
import { createUnconcerned } from "../webhook/unconcerned.ts";
import { createBenchWorld, SETTINGS } from "./_webhook-world.ts";

const [folder = "", mode = ""] = process.argv.slice(2);
const read = (name: string) => readFileSync(join(folder, name), "utf8");
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const metrics = createMetrics(() => 0);
const world = createBenchWorld();
const isSynced = () => true;
const gather = createGather({ world, settings: SETTINGS, isSynced });
const excludedNamespaces = ["kube-system"];
const { countReasons } = metrics;

function decide(review: ParsedReview): Answer {
  return answerMutation(review, { gather, excludedNamespaces, countReasons, log: silent });
}

const server = createWebhookServer(
  { cert: read("tls.crt"), key: read("tls.key"), ca: read("ca.crt") },
  {
    ...(mode === "fixed"
      ? { mutate: () => ({ isAllowed: true }) }
      : {
          mutate: decide,
          passUnconcerned: createUnconcerned({ world, isSynced, excludedNamespaces, countReasons, log: silent }),
        }),
    validate: async () => ({ fault: "not measured here" }),
    findUnready: async () => [],
    metrics,
    log: silent,
  },
);
const port = await server.listen("127.0.0.1", 0);
process.send?.({ port });
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ rssKiB: process.memoryUsage().rss / 1_024, cpuMicros: user + system });
});
process.on("disconnect", () => process.exit(0));

/**
 * Child of bench/hostile.ts: both listeners of the product in one process, as they are in theirs, so that a fault of either ends it.
 * What the API server would be asked is answered at once. argv: folder with certificate.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Registry } from "prom-client";
import { startStatusServer } from "../reconciler/status-server.ts";
import { answerMutation } from "../webhook/answer.ts";
import { createGather } from "../webhook/gather.ts";
import { createMetrics } from "../webhook/metrics.ts";
import { createWebhookServer } from "../webhook/server.ts";
import { answerValidation } from "../webhook/validate/answer-validation.ts";
import { createInspector } from "../webhook/validate/inspector.ts";
import { createBenchWorld, SETTINGS } from "./_webhook-world.ts";

const [folder = ""] = process.argv.slice(2);
const read = (name: string) => readFileSync(join(folder, name), "utf8");
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const metrics = createMetrics(() => 0);
const world = createBenchWorld();
const gather = createGather({ world, settings: SETTINGS, isSynced: () => true });
const inspector = createInspector({ log: silent });
const client = {
  find: async () => undefined,
  list: async () => ({ items: [], resourceVersion: "" }),
  create: async <T>(...[, , , parse]: [unknown, unknown, unknown, (raw: unknown) => T, ...unknown[]]) =>
    parse({ status: { allowed: true } }),
};

const server = createWebhookServer(
  { cert: read("tls.crt"), key: read("tls.key"), ca: read("ca.crt") },
  {
    mutate: (review) =>
      answerMutation(review, {
        gather,
        excludedNamespaces: ["kube-system"],
        countReasons: metrics.countReasons,
        log: silent,
      }),
    validate: (body) => answerValidation(body, { inspector, client, checksRights: true, trustedUsers: [] }),
    findUnready: async () => [],
    metrics,
    log: silent,
  },
);
const webhookPort = await server.listen("127.0.0.1", 0);
const status = await startStatusServer({
  host: "127.0.0.1",
  port: 0,
  registry: new Registry(),
  whyUnhealthy: () => undefined,
  whyNotReady: () => undefined,
  onFault: () => {},
});
process.send?.({ webhookPort, statusPort: status.port });
process.on("disconnect", () => process.exit(0));

/** Every listener of the product gets the same hostile requests. A new listener must be added here; the first test says so. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StatusServer, startStatusServer } from "../../reconciler/status-server.ts";
import { createMetrics } from "../../webhook/metrics.ts";
import { parseReview } from "../../webhook/review.ts";
import { createWebhookServer, type WebhookServer } from "../../webhook/server.ts";
import { answerCall } from "../../webhook/snapshots/answer.ts";
import { createDeletionOrders } from "../../webhook/snapshots/deletion-orders.ts";
import { createSnapshotServer, type SnapshotServer } from "../../webhook/snapshots/server.ts";
import { DEFAULT_TLS_OPTIONS } from "../../webhook/tls-options.ts";
import { issueClient, issueServer, loadCertificates } from "../support/control-plane/certificates.ts";
import { exchange, HOSTILE_REQUESTS, type Listener, statusOf } from "../support/http/hostile-requests.ts";
import { FakeApi } from "./reconciler/fake-api.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const FOLDERS = ["agent", "certs", "cli", "reconciler", "shared", "webhook"];

test("these are all listeners that there are", () => {
  const found = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(folder, file))
      .filter((file) =>
        /\bcreateServer\(|\bcreateSecureServer\(|\.listen\(/.test(readFileSync(join(ROOT, file), "utf8")),
      ),
  );
  // That of the pages is tried in tests/unit/cli/ui/server.test.ts: it answers nobody who is not signed in.
  const tried = ["cli/ui/server.ts", "reconciler/status-server.ts", "webhook/main.ts", "webhook/server.ts"];
  const ofSnapshots = ["webhook/snapshots/server.ts", "webhook/snapshots/start.ts"];
  expect(found.sort()).toEqual([...tried, ...ofSnapshots]);
});

const faults: unknown[] = [];
let status: StatusServer;
let webhook: WebhookServer;
let snapshots: SnapshotServer;
const listeners = new Map<string, Listener>();

beforeAll(async () => {
  status = await startStatusServer({
    host: "127.0.0.1",
    port: 0,
    registry: new Registry(),
    whyUnhealthy: () => undefined,
    whyNotReady: () => undefined,
    onFault: (error) => faults.push(error),
  });
  const { ca } = await loadCertificates();
  const { certPem, keyPem } = await issueServer(ca, { user: "webhook", groups: [] }, ["x"], ["127.0.0.1"]);
  webhook = createWebhookServer(
    { cert: certPem, key: keyPem, ca: ca.certPem },
    {
      mutate: () => ({ isAllowed: true }),
      validate: async (body) => {
        const review = parseReview(body);
        return "fault" in review ? review : { review, answer: { isAllowed: true } };
      },
      findUnready: async () => [],
      metrics: createMetrics(() => 0),
      log: {
        warn: (fields: object) => {
          if ("err" in fields) faults.push(fields.err);
        },
      },
    },
  );
  const front = await issueClient(ca, { user: "front-proxy", groups: [] });
  const { client } = new FakeApi();
  const absent = { ...client, listPages: () => noPages() };
  const orders = createDeletionOrders(client, "stash-batch");
  const log = { info: () => {}, warn: (fields: object) => faults.push(fields) };
  snapshots = createSnapshotServer(
    { cert: certPem, key: keyPem, ca: ca.certPem },
    { answer: (request) => answerCall(request, { client: absent, orders, now: () => new Date(), log }), log },
    DEFAULT_TLS_OPTIONS,
  );
  // So that each request has a user, and comes as far as it can.
  const headers = { userHeaders: ["host"], groupHeaders: [], uidHeaders: [], extraPrefixes: ["x-"] };
  snapshots.setFrontProxy({ pem: ca.certPem, names: [], ...headers });
  const port = await snapshots.listen("127.0.0.1", 0);
  listeners.set("the Snapshot API, from a stranger", { port, isTls: true });
  const known = { cert: front.certPem, key: front.keyPem };
  listeners.set("the Snapshot API, from the front proxy", { port, isTls: true, client: known });
  listeners.set("the reconciler's status server", { port: status.port, isTls: false });
  listeners.set("the webhook", { port: await webhook.listen("127.0.0.1", 0), isTls: true });
});

afterAll(async () => {
  await status.stop();
  await webhook.close();
  await snapshots.close();
});

async function* noPages(): AsyncGenerator<never> {}

describe.each([
  ["the reconciler's status server", 200],
  ["the webhook", 200],
  ["the Snapshot API, from a stranger", 401],
  ["the Snapshot API, from the front proxy", 404],
])("S7: %s", (name, answered) => {
  const listener = (): Listener => listeners.get(name) ?? { port: 0, isTls: false };

  test("answers every hostile request without a fault of its own, and goes on", { timeout: 120_000 }, async () => {
    const answers: (readonly [string, number | undefined])[] = [];
    const left = [...HOSTILE_REQUESTS];
    const work = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        answers.push([next.slice(0, 80), statusOf(await exchange(listener(), next))]);
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    expect(answers).toHaveLength(HOSTILE_REQUESTS.length);
    expect(answers.filter(([, code = 0]) => code >= 500)).toEqual([]);
    expect(faults).toEqual([]);
    const healthy = await exchange(listener(), "GET /healthz?verbose HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    expect(statusOf(healthy)).toBe(answered);
  });
});

test("S7: what a handler throws ends its request alone", async () => {
  const thrown: unknown[] = [];
  const broken = await startStatusServer({
    host: "127.0.0.1",
    port: 0,
    registry: new Registry(),
    whyUnhealthy: () => {
      throw new Error("no way to tell");
    },
    whyNotReady: () => undefined,
    onFault: (error) => thrown.push(error),
  });
  const ask = (path: string) =>
    exchange({ port: broken.port, isTls: false }, `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  expect(statusOf(await ask("/healthz"))).toBe(500);
  expect(statusOf(await ask("/readyz"))).toBe(200);
  expect(thrown).toEqual([new Error("no way to tell")]);
  await broken.stop();
});

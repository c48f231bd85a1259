/**
 * Child of bench/hostile.ts: sends mutated reviews over kept connections, and between them hostile bodies and request lines over
 * connections of their own. One message { webhookPort, statusPort, reviews, hostile, seed } is answered by { statuses }: how often each was had.
 */
import { Agent, request } from "node:https";
import { exchange, HOSTILE_REQUESTS, statusOf } from "../tests/support/http/hostile-requests.ts";
import { spoilReview } from "./_mutate-review.ts";
import { createRandom, pick, type Random } from "./_random.ts";
import { aBenchWorkload, anInjectedWorkload, aReview } from "./_webhook-world.ts";

interface Order {
  readonly webhookPort: number;
  readonly statusPort: number;
  readonly reviews: number;
  readonly hostile: number;
  readonly seed: number;
}

const CONNECTIONS = 16;
const HOSTILE_WAIT_MS = 150;
/** Of a hundred hostile requests one is a body of megabytes. */
const LARGE_BODY_ONE_IN = 100;

const statuses = new Map<string, number>();

function count(status: number | undefined): void {
  const key = String(status ?? "none");
  statuses.set(key, (statuses.get(key) ?? 0) + 1);
}

function anInvokerReview(spec: object): string {
  const kind = { group: "stash.appscode.com", version: "v1beta1", kind: "BackupBatch" };
  const object = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "x", namespace: "demo" },
    spec,
  };
  const userInfo = { username: "ops", groups: ["system:authenticated"] };
  const review = { uid: "u", kind, operation: "CREATE", namespace: "demo", name: "x", userInfo, object };
  return JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: review });
}

const member = (at: number) => ({
  target: { alias: `a${at}`, ref: { apiVersion: "apps/v1", kind: "Deployment", name: `w${at}` }, paths: ["/data"] },
  hooks: { preBackup: { exec: { command: ["sync"] }, timeout: "30s" } },
});
const injected = anInjectedWorkload("app-2");
const MUTATE = [aReview(aBenchWorkload("app-1")), aReview(injected, injected), aReview(aBenchWorkload("other"))];
const VALIDATE = [
  anInvokerReview({
    schedule: "0 3 * * *",
    repository: { name: "repo" },
    retentionPolicy: { name: "k", keepLast: 1, prune: true },
    members: Array.from({ length: 10 }, (_, at) => member(at)),
  }),
];

const times = (number: number, text: string) => text.repeat(number);

/** Bodies that are wrong in a way of their own. */
const SMALL_BODIES: readonly (() => string)[] = [
  () => "",
  () => "{}",
  () => "[".repeat(50_000),
  () => anInvokerReview({ timeOut: `${times(60_000, "1")}h!` }),
  () => anInvokerReview({ schedule: `${times(20_000, "0-59,")}0 * * * *` }),
  () => anInvokerReview({ members: Array.from({ length: 2_000 }, (_, at) => member(at)) }),
  () =>
    anInvokerReview({
      members: Array.from({ length: 900 }, (_, at) => ({ ...member(at), dependsOn: [`a${(at + 1) % 900}`] })),
    }),
  () => anInvokerReview({ members: "DEEP" }).replace('"DEEP"', times(20_000, "[") + times(20_000, "]")),
];
const LARGE_BODIES: readonly (() => string)[] = [
  () => times(7_000_000, "["),
  () =>
    `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","object":[${times(2_300_000, "{},")}{}]}}`,
  () => `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"${times(6_900_000, "u")}"}}`,
  () => times(8_000_000, "x"),
];

/** Both kinds in an even mixture from the first to the last, so that what memory does is no matter of which comes when. */
async function sendAll(order: Order): Promise<void> {
  const { webhookPort, reviews, hostile, seed } = order;
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const random = createRandom(seed);
  const total = reviews + hostile;
  const hostileUpTo = (at: number) => Math.floor((at * hostile) / total);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < total; at = next++) {
      if (hostileUpTo(at + 1) > hostileUpTo(at)) count(await sendOneHostile(order, random));
      else count(await sendReview(webhookPort, random, agent));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  agent.destroy();
}

function sendReview(port: number, random: Random, agent: Agent): Promise<number | undefined> {
  const isValidation = random() < 0.2;
  const body = spoilReview(pick(random, isValidation ? VALIDATE : MUTATE), random);
  return post(port, isValidation ? "/validate" : "/mutate", body, agent);
}

function post(port: number, path: string, body: Buffer, agent: Agent | false): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": body.length };
    const call = request({ host: "127.0.0.1", port, path, method: "POST", agent, headers, rejectUnauthorized: false });
    call.on("response", (response) => {
      response.resume();
      response.on("close", () => resolve(response.statusCode));
    });
    // A server that has answered need not wait for the rest of a body.
    call.on("error", () => resolve(undefined));
    call.end(body);
  });
}

async function sendOneHostile({ webhookPort, statusPort }: Order, random: Random): Promise<number | undefined> {
  if (random() < 1 / LARGE_BODY_ONE_IN)
    return post(webhookPort, pick(random, ["/mutate", "/validate"]), Buffer.from(pick(random, LARGE_BODIES)()), false);
  if (random() < 0.2)
    return post(webhookPort, pick(random, ["/mutate", "/validate"]), Buffer.from(pick(random, SMALL_BODIES)()), false);
  const listener = random() < 0.5 ? { port: webhookPort, isTls: true } : { port: statusPort, isTls: false };
  return statusOf(await exchange(listener, pick(random, HOSTILE_REQUESTS), HOSTILE_WAIT_MS));
}

process.on("message", async (order: Order) => {
  await sendAll(order);
  process.send?.({ statuses: Object.fromEntries(statuses) });
});
process.on("disconnect", () => process.exit(0));

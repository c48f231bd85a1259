import { createServer, type Server } from "node:https";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiIdentity } from "../../../../agent/kube/identity.ts";
import { pauseAfterWatch, watch } from "../../../../agent/kube/watch.ts";
import { issueCa, issueServing } from "../../../../certs/issue.ts";
import { eventually } from "../../../support/eventually.ts";

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const VALIDITY = { nowMs: Date.now(), lifetimeMs: 3_600_000 };

/** Answers to the requests that come, in order; the last one is given again. */
type Answer = readonly [status: number, headers: Readonly<Record<string, string>>, body: string];

let server: Server;
let identity: ApiIdentity;
let answers: Answer[];
const requests: { readonly url: string; readonly atMs: number }[] = [];

beforeEach(async () => {
  const ca = await issueCa(VALIDITY);
  const serving = await issueServing(ca, ["localhost", "127.0.0.1"], VALIDITY);
  requests.length = 0;
  server = createServer({ cert: serving.certPem, key: serving.keyPem }, (request, response) => {
    requests.push({ url: request.url ?? "", atMs: performance.now() });
    const [status, headers, body] = (answers.length > 1 ? answers.shift() : answers[0]) ?? [500, {}, ""];
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  identity = { host: "127.0.0.1", port, namespace: "demo", ca: () => ca.certPem, token: () => "token" };
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Watches until so many requests came. */
async function until(count: number): Promise<void> {
  const end = new AbortController();
  const nothing = () => undefined;
  const handlers = { onObject: nothing, onDeleted: nothing, onListed: nothing };
  const running = watch(identity, { kind: "HostRun", namespace: "demo", signal: end.signal, log: SILENT, ...handlers });
  await eventually(
    () => requests.length,
    (seen) => seen >= count,
  );
  end.abort();
  await running;
}

test("D24: a server that asks for time is given it", async () => {
  answers = [
    [429, { "retry-after": "2" }, "busy"],
    [200, {}, JSON.stringify({ metadata: { resourceVersion: "1" }, items: [] })],
  ];
  await until(2);
  expect((requests[1]?.atMs ?? 0) - (requests[0]?.atMs ?? 0)).toBeGreaterThan(2_000);
});

test("D24: not all watches are asked to end at the same time", async () => {
  answers = [
    [200, {}, JSON.stringify({ metadata: { resourceVersion: "1" }, items: [] })],
    [200, {}, ""],
  ];
  await until(4);
  const seconds = requests.slice(1).map(({ url }) => Number(new URLSearchParams(url).get("timeoutSeconds")));
  for (const one of seconds) {
    expect(one).toBeGreaterThanOrEqual(3_000);
    expect(one).toBeLessThanOrEqual(6_000);
  }
  expect(new Set(seconds).size).toBeGreaterThan(1);
});

test("D24: after a watch that was cut agents come back over some seconds, after one that had its time at once", () => {
  const pauses = [0, 0.25, 0.5, 0.99].map((random) => pauseAfterWatch(600_000, 3_000, random));
  expect(pauses).toEqual([0, 1_250, 2_500, 4_950]);
  expect(pauseAfterWatch(2_999_000, 3_000, 0.99)).toBe(0);
});

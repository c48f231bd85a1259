/** A store that drops connections makes restic talk while it works: what programs read stays as it is. */
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { removeLock } from "../../agent/locks/act.ts";
import { gatherLocks } from "../../agent/locks/gather.ts";
import type { Restic } from "../../agent/restic/client.ts";
import { ensureRepository } from "../../agent/restic/ensure-repository.ts";
import { type BackendServer, startRestServer } from "../support/restic/backend-servers.ts";
import { leaveDeadLock } from "../support/restic/dead-lock.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

const SECRET = { REST_SERVER_USERNAME: "user", REST_SERVER_PASSWORD: "password" };
const signal = new AbortController().signal;
const BACKEND = (port: number) => ({ rest: { url: `http://[::1]:${port}/` } });

let world: ResticWorld;
let store: BackendServer;
let front: Server;
let restic: Restic;
let port = 0;
let drops = 0;
let failsUntilMs = 0;

beforeAll(async () => {
  world = await createResticWorld();
  await mkdir(join(world.dir, "rest"));
  store = await startRestServer(join(world.dir, "rest"), SECRET.REST_SERVER_USERNAME, SECRET.REST_SERVER_PASSWORD);
  front = createServer((incoming, answer) => {
    if (drops > 0 && /\/(snapshots|locks)\//.test(incoming.url ?? "")) {
      drops -= 1;
      incoming.socket.destroy();
      return;
    }
    if (performance.now() < failsUntilMs) {
      incoming.resume();
      answer.writeHead(500).end("Internal Server Error\n");
      return;
    }
    const { method, url, headers } = incoming;
    const passed = request({ port: store.port, method, path: url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(passed);
  }).listen(0, "::1");
  await once(front, "listening");
  const address = front.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
  restic = await world.open(BACKEND(port), SECRET);
  await ensureRepository(restic, signal);
  await writeFile(join(world.data, "file"), "content");
  await world.backup(restic);
});

afterAll(async () => {
  front?.close();
  await store?.stop();
  await world?.stop();
});

beforeEach(() => {
  drops = 0;
  failsUntilMs = 0;
});

test("C20: output for programs comes without the words for people", async () => {
  drops = 3;
  const output: string[] = [];
  const heard: string[] = [];
  const exit = await restic.run(["stats", "--json"], {
    signal,
    onOutput: (line) => output.push(line),
    onLine: (line) => heard.push(line),
  });
  expect(exit.code, exit.tail.join("\n")).toBe(0);
  expect(heard.join("\n")).toMatch(/retrying after/);
  expect(output.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ total_size: 7 })]);
});

test("C20: a lock is read though its first tries fail, and the list of snapshots too", async () => {
  const dead = await leaveDeadLock(world, BACKEND(port), SECRET);
  drops = 3;
  expect(await gatherLocks(restic, signal)).toEqual([dead]);
  drops = 3;
  expect(await restic.snapshots({}, { signal })).toHaveLength(1);
  await removeLock(restic.access, dead.id, new Date());
});

/** restic before 0.17 gives up a question that is answered so. */
const isOldest = process.env["STASH_BATCH_TEST_RESTIC"] === "oldest";

test("D15: a store that answers 500 for a while delays a backup and a check, and is no damage", async () => {
  failsUntilMs = performance.now() + 3_000;
  const [outcome] = await world.backup(restic);
  if (isOldest) {
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "BACKEND_UNREACHABLE", retryable: true } });
    return;
  }
  expect(outcome).toMatchObject({ kind: "saved", warnings: [] });
  failsUntilMs = performance.now() + 3_000;
  const checked = await restic.run(["check"], { signal });
  expect(checked.code, checked.tail.join("\n")).toBe(0);
});

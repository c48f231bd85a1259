/** Locks in the way of real restic, behind a store that lets restic alone remove them. */
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gatherLocks } from "../../agent/locks/gather.ts";
import { createWithLock } from "../../agent/locks/patience.ts";
import { trackRestic } from "../../agent/locks/running-restic.ts";
import type { Restic } from "../../agent/restic/client.ts";
import { ensureRepository } from "../../agent/restic/ensure-repository.ts";
import type { Backend } from "../../shared/api/backend.ts";
import { eventually } from "../support/eventually.ts";
import { type BackendServer, startRestServer } from "../support/restic/backend-servers.ts";
import { leaveDeadLock } from "../support/restic/dead-lock.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

const SECRET = { REST_SERVER_USERNAME: "user", REST_SERVER_PASSWORD: "password" };
const signal = new AbortController().signal;

let world: ResticWorld;
let store: BackendServer;
let front: Server;
let backend: Backend;
let restic: Restic;
let refused = 0;

/** Refuses what is not restic's own to delete. */
function startFront(port: number): Server {
  return createServer((incoming, answer) => {
    const isRestic = incoming.headers["user-agent"]?.startsWith("Go-http-client") === true;
    if (incoming.method === "DELETE" && !isRestic) {
      refused += 1;
      answer.writeHead(403).end();
      return;
    }
    const { method, url, headers } = incoming;
    const passed = request({ port, method, path: url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(passed);
  }).listen(0, "127.0.0.1");
}

beforeAll(async () => {
  world = await createResticWorld();
  const folder = join(world.dir, "rest");
  await mkdir(folder);
  store = await startRestServer(folder, SECRET.REST_SERVER_USERNAME, SECRET.REST_SERVER_PASSWORD);
  front = startFront(store.port);
  await once(front, "listening");
  const { port } = front.address() as AddressInfo;
  backend = { rest: { url: `http://127.0.0.1:${port}/` } };
  restic = await world.open(backend, SECRET);
  await ensureRepository(restic, signal);
});

afterAll(async () => {
  front?.close();
  await store?.stop();
  await world?.stop();
});

test("D12: a lock that can't be removed plainly is removed by restic where that is safe, and blocks nothing", async () => {
  const dead = await leaveDeadLock(world, backend, SECRET);
  expect(dead.host).toBe(hostname());
  const withLock = createWithLock({
    restic,
    signal,
    log: world.log,
    dead: () => [],
    now: () => new Date(),
    removable: () => [dead.id],
    changed: () => Promise.resolve(),
    report: () => undefined,
    patienceMs: 60_000,
  });
  const exit = await withLock(() => restic.run(["prune"], { signal }));
  expect(exit.code, exit.tail.join("\n")).toBe(0);
  expect(refused).toBeGreaterThan(0);
  expect(await gatherLocks(restic, signal)).toEqual([]);
});

test("a lock that an earlier start of this container left goes at its next start, though it is in nobody's way there", async () => {
  const own = await createResticWorld();
  try {
    const here = await own.open();
    await ensureRepository(here, signal);
    const left = await leaveDeadLock(own, own.localBackend);
    const [pid = 0, takenAtMs = 0] = [left.pid, Date.parse(left.createdAt ?? "")];
    const open = (deadPid: number) =>
      createWithLock({
        restic: here,
        signal,
        log: own.log,
        dead: () => [{ pid: deadPid, startedAtMs: takenAtMs - 100, goneAtMs: takenAtMs + 100 }],
        now: () => new Date(),
        removable: () => [],
        changed: () => Promise.resolve(),
        report: () => undefined,
      });
    const look = () => here.run(["snapshots", "--no-lock"], { signal });
    expect((await open(pid + 1)(look)).code).toBe(0);
    expect(await gatherLocks(here, signal)).toMatchObject([{ id: left.id }]);
    expect((await open(pid)(look)).code).toBe(0);
    expect(await gatherLocks(here, signal)).toEqual([]);
  } finally {
    await own.stop();
  }
});

test("the lock of a restic that is killed goes at once, though nobody here is in its way and this container lives on", async () => {
  const own = await createResticWorld();
  try {
    const here = await own.open();
    await ensureRepository(here, signal);
    const tracked = trackRestic(join(own.dir, "scratch"));
    const withLock = createWithLock({
      restic: here,
      signal,
      log: own.log,
      dead: tracked.dead,
      now: () => new Date(),
      removable: () => [],
      changed: () => Promise.resolve(),
      report: () => undefined,
    });
    const pids: number[] = [];
    const backup = withLock(() =>
      here.run(["backup", "--stdin"], {
        signal,
        onStdin: () => undefined,
        onStart(pid) {
          pids.push(pid);
          return tracked.add(pid);
        },
      }),
    );
    await eventually(
      () => gatherLocks(here, signal),
      (locks) => locks.length > 0,
    );
    process.kill(pids[0] ?? 0, "SIGKILL");
    expect((await backup).code).not.toBe(0);
    expect(await gatherLocks(here, signal)).toEqual([]);
  } finally {
    await own.stop();
  }
});

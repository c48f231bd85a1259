/** The reconciler is killed at every write of a restore, twice in a row, and what it leaves is carried on by the next one. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { isConditionTrue } from "../../shared/status/conditions.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { type PlaneWithoutNodes, startPlaneWithoutNodes } from "../support/plane-without-nodes.ts";
import { type RestoreKillStand, startRestoreKillStand } from "../support/restore/kill-stand.ts";
import type { Fault } from "../support/session/api-proxy.ts";
import type { ReconcilerProcess } from "../support/session/reconciler-process.ts";

/** The request is on its way when the process dies. */
const DEATH_DELAY_MS = 20;
const TEST_MS = 400_000;
const MIN_KILLS = 50;

let plane: PlaneWithoutNodes;
let stand: RestoreKillStand;

beforeAll(async () => {
  plane = await startPlaneWithoutNodes();
  stand = await startRestoreKillStand({
    ...plane,
    namespace: "restore-kill",
    // The second member fails at its first try.
    fate: ({ status }, { hostname }) =>
      hostname === "web" && (status?.retries ?? 0) === 0
        ? { reason: "BACKEND_UNREACHABLE", error: "no route" }
        : undefined,
  });
}, 120_000);

afterAll(async () => {
  await stand?.stop();
  await plane?.stop();
});

/** Every write by which a restore goes on: its status, and the job that looks for its recovery point. */
function isRestoreWrite({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return method !== "GET" && (path.includes("/restorebatches") || path.includes("/jobs"));
}

function isOver({ status }: RestoreBatch): boolean {
  return isConditionTrue(status?.conditions, "MetricsPushed");
}

/** What must hold of a restore, wherever the reconciler died in between. */
async function expectWhole({ status }: RestoreBatch, at: string): Promise<void> {
  const said = `${at}: ${JSON.stringify(status, null, 1)}`;
  const [db, web] = status?.members ?? [];
  const hosts = [...(db?.stats ?? []), ...(web?.stats ?? [])];
  expect(new Set(hosts.map(({ hostname }) => hostname)).size, said).toBe(hosts.length);
  expect(status?.pointSearch, said).toBeUndefined();
  expect(status?.recoveryPoint?.snapshots, said).toHaveLength(3);
  expect(
    (status?.hooks ?? []).filter(({ phase }) => phase === "Running"),
    said,
  ).toEqual([]);
  const before = stand.hooks.calls.filter((call) => call.startsWith("/before"));
  const after = stand.hooks.calls.filter((call) => call.startsWith("/after"));
  expect(before.length, `the before-hook runs at most once; ${said}`).toBeLessThanOrEqual(1);
  // It is begun three times at most: what kills the reconciler each time may be the hook itself.
  const cutAfters = (status?.hooks ?? []).filter(
    ({ type, message }) => type === "postRestore" && message?.startsWith("interrupted"),
  );
  if (cutAfters.length < 3) expect(after.length, `the after-hook runs; ${said}`).toBeGreaterThanOrEqual(1);
  const jobs = await stand.client.list(KUBERNETES.Job, stand.namespace, asIs);
  // Those of hooks that a killed process left go with the restore.
  const items = jobs.items.filter((job) => textAt(job, "metadata", "name")?.endsWith("-points"));
  // None where the write was lost, and what looks here does so without it.
  expect(items.length, said).toBeLessThanOrEqual(1);
  const wasCut = status?.conditions?.some(
    ({ type, status, message }) =>
      type === "GlobalPreRestoreHookSucceeded" && status === "False" && message?.startsWith("interrupted"),
  );
  if (wasCut) {
    expect(status?.phase, said).toBe("Failed");
    expect(hosts, `no data is touched; ${said}`).toEqual([]);
    return;
  }
  expect(status?.phase, said).toBe(cutAfters.length < 3 ? "Succeeded" : "Failed");
  expect(status?.retries, said).toBe(1);
  expect(
    db?.stats?.map(({ attempt }) => attempt),
    said,
  ).toEqual([1, 1]);
  expect(
    web?.stats?.map(({ attempt }) => attempt),
    said,
  ).toEqual([2]);
}

/** Kills the reconciler at its nth write from now on. @returns whether it came to that write */
function killAt(victim: ReconcilerProcess, nth: number, kind: Fault["kind"]): () => boolean {
  let seen = 0;
  stand.proxy.meddle = (request) => {
    if (!isRestoreWrite(request)) return undefined;
    seen += 1;
    if (seen !== nth) return seen > nth ? { kind: "lose" } : undefined;
    setTimeout(() => victim.kill(), DEATH_DELAY_MS);
    return kind === "lose" ? { kind } : { kind: "lose answer" };
  };
  return () => seen >= nth;
}

/** Writes of a restore when nobody is killed. */
async function countWrites(): Promise<number> {
  let writes = 0;
  stand.proxy.meddle = (request) => {
    if (isRestoreWrite(request)) writes += 1;
    return undefined;
  };
  const reconciler = await stand.startReconciler();
  await stand.restore(true);
  await expectWhole(await stand.untilRestore(isOver), "nobody killed");
  reconciler.kill("SIGTERM");
  await reconciler.ended;
  return writes;
}

/** Waits until the reconciler has died as it should, or has nothing more to do. @returns whether it came to that write */
async function untilKilled(victim: ReconcilerProcess, isHit: () => boolean): Promise<boolean> {
  const over = new AbortController();
  await Promise.race([victim.ended, stand.untilRestore(isOver, over.signal)]);
  over.abort();
  victim.kill();
  await victim.ended;
  stand.proxy.meddle = () => undefined;
  return isHit();
}

function otherKind(kind: Fault["kind"]): Fault["kind"] {
  return kind === "lose" ? "lose answer" : "lose";
}

test("a restore with a second try ends whole, whichever writes the reconciler dies at", {
  timeout: TEST_MS,
}, async () => {
  const total = await countWrites();
  expect(total).toBeGreaterThanOrEqual(8);
  let kills = 0;
  let reconciler = await stand.startReconciler();

  // At each write once before and once after it is done; the next one dies at its own first write.
  for (const kind of ["lose", "lose answer"] as const) {
    for (let at = 1; at <= total; at += 1) {
      await stand.clear();
      const isHit = killAt(reconciler, at, kind);
      await stand.restore(true);
      if (await untilKilled(reconciler, isHit)) kills += 1;
      const next = await stand.startReconciler();
      if (await untilKilled(next, killAt(next, 1, otherKind(kind)))) kills += 1;
      reconciler = await stand.startReconciler();
      await expectWhole(await stand.untilRestore(isOver), `${kind} write ${at} of ${total}`);
    }
  }

  // None gets further than its own first write.
  for (const isWritten of ["always", "every second time"] as const) {
    await stand.clear();
    let kind: Fault["kind"] = "lose answer";
    let isHit = killAt(reconciler, 1, kind);
    await stand.restore(false);
    while (await untilKilled(reconciler, isHit)) {
      kills += 1;
      if (isWritten === "every second time") kind = otherKind(kind);
      reconciler = await stand.startReconciler();
      isHit = killAt(reconciler, 1, kind);
    }
    await expectWhole(await stand.untilRestore(isOver), `written ${isWritten}`);
    reconciler = await stand.startReconciler();
  }

  // Some writes fall together, so that a process comes to its end before the one at which it was to die.
  for (let at = 1; kills < MIN_KILLS; at = (at % total) + 1) {
    await stand.clear();
    const isHit = killAt(reconciler, at, "lose");
    await stand.restore(true);
    if (await untilKilled(reconciler, isHit)) kills += 1;
    reconciler = await stand.startReconciler();
    await expectWhole(await stand.untilRestore(isOver), `once more, write ${at} of ${total}`);
  }
  expect(kills).toBeGreaterThanOrEqual(MIN_KILLS);
});

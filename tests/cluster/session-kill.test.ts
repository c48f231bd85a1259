/** The reconciler is killed at every write of a session, and what it leaves is carried on by the next one. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { type PlaneWithoutNodes, startPlaneWithoutNodes } from "../support/plane-without-nodes.ts";
import { listSessions, startSession, untilSession } from "../support/session/batch-without-nodes.ts";
import { type SessionStand, startSessionStand } from "../support/session/session-stand.ts";

const END_MS = 60_000;

let plane: PlaneWithoutNodes;
let stand: SessionStand;

beforeAll(async () => {
  plane = await startPlaneWithoutNodes();
  stand = await startSessionStand({
    ...plane,
    namespace: "session-kill",
    spec: "  backupHistoryLimit: 2\n  retryConfig: { maxRetry: 1, delay: 0s }\n",
  });
  // The second member fails in every session that is not itself a second try.
  stand.agents.fate = ({ spec: { retryOf } }, { hostname }) =>
    hostname === "web" && retryOf === undefined ? { reason: "BACKEND_UNREACHABLE", error: "no route" } : undefined;
}, 120_000);

afterAll(async () => {
  await stand?.stop();
  await plane?.stop();
});

/** Every write by which a session goes on: its status and labels, its second try, its history. */
function isSessionWrite({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return method !== "GET" && path.includes("/backupsessions");
}

async function untilRetried(name: string): Promise<readonly [BackupSession, BackupSession]> {
  const { client, namespace } = stand;
  const session = await untilSession(client, namespace, name, END_MS, ({ status }) => status?.retried === true);
  const retries = (await listSessions(client, namespace)).filter(({ spec }) => spec.retryOf === name);
  expect(retries.map(({ metadata }) => metadata.name)).toHaveLength(1);
  const retry = await untilSession(client, namespace, retries[0]?.metadata.name ?? "", END_MS);
  return [session, retry];
}

/** What must hold of the two sessions, wherever the reconciler died in between. */
function expectWhole(session: BackupSession, retry: BackupSession): void {
  expect(session.status?.phase).toBe("Failed");
  for (const { metadata, status } of [session, retry]) {
    for (const target of status?.targets ?? []) {
      const names = (target.stats ?? []).map(({ hostname }) => hostname);
      expect(new Set(names).size, `hosts of ${metadata.name} are not doubled`).toBe(names.length);
    }
    const before = stand.hooks.calls.filter((call) => call === `/before ${metadata.name}`);
    const after = stand.hooks.calls.filter((call) => call === `/after ${metadata.name}`);
    expect(before.length, `the before-hook of ${metadata.name} runs at most once`).toBeLessThanOrEqual(1);
    expect(after.length, `the after-hook of ${metadata.name} runs`).toBeGreaterThanOrEqual(1);
    expect((status?.hooks ?? []).filter(({ phase }) => phase === "Running")).toEqual([]);
  }
  const wasCut = session.status?.conditions?.some(
    ({ type, status, message }) =>
      type === "GlobalPreBackupHookSucceeded" && status === "False" && message?.startsWith("interrupted"),
  );
  if (wasCut) return;
  expect(session.status?.targets?.map(({ phase }) => phase)).toEqual(["Succeeded", "Failed"]);
  expect(session.status?.targets?.[1]?.stats?.[0]?.reason).toBe("BACKEND_UNREACHABLE");
}

/** Writes of a session that fails and is tried again, when nobody is killed. */
async function countWrites(): Promise<number> {
  let writes = 0;
  stand.proxy.meddle = (request) => {
    if (isSessionWrite(request)) writes += 1;
    return undefined;
  };
  const reconciler = await stand.startReconciler("--leader-elect=false");
  await startSession(stand.client, stand.namespace, "count", 1);
  expectWhole(...(await untilRetried("count")));
  // In peace, so that what it has compiled is there for the others.
  reconciler.kill("SIGTERM");
  await reconciler.ended;
  return writes;
}

/** One kill is a few seconds on a machine that does nothing else; each session besides makes the Jobs of two global hooks. */
const TEST_MS = 1_200_000;

/** What becomes of the write at which the process dies, and how long it lives on after it. */
const DEATHS: readonly { readonly kind: "lose" | "lose answer"; readonly delayMs: number }[] = [
  { kind: "lose", delayMs: 0 },
  { kind: "lose answer", delayMs: 0 },
  { kind: "lose", delayMs: 20 },
  { kind: "lose answer", delayMs: 20 },
];
const SESSIONS_AT_LEAST = 100;
/** Less than the turns: two writes may fall together, and a process ends a session before the one at which it was to die. */
const MIN_KILLS = 48;

test("a session that fails and its second try end whole, whichever write the reconciler dies at", {
  timeout: TEST_MS,
}, async () => {
  const total = await countWrites();
  expect(total).toBeGreaterThan(8);
  let kills = 0;
  let runs = 0;
  const writesOfDeath = new Set<number>();
  let reconciler = await stand.startReconciler("--leader-elect=false");
  for (let turn = 0; turn < DEATHS.length * total || runs * 2 < SESSIONS_AT_LEAST || kills < MIN_KILLS; turn += 1) {
    const at = (turn % total) + 1;
    const death = DEATHS[Math.floor(turn / total) % DEATHS.length] ?? { kind: "lose", delayMs: 0 };
    let seen = 0;
    const victim = reconciler;
    stand.proxy.meddle = (request) => {
      if (!isSessionWrite(request)) return undefined;
      seen += 1;
      if (seen !== at) return seen > at ? { kind: "lose" } : undefined;
      setTimeout(() => victim.kill(), death.delayMs);
      return { kind: death.kind };
    };
    const name = `kill-${turn}`;
    // A second try is named by its second: where history is pruned within that second, a name may be used again.
    stand.hooks.calls.length = 0;
    await startSession(stand.client, stand.namespace, name, 1);
    await Promise.race([victim.ended, untilRetried(name).catch(() => undefined)]);
    if (seen >= at) {
      kills += 1;
      writesOfDeath.add(at);
    }
    stand.proxy.meddle = () => undefined;
    victim.kill();
    await victim.ended;
    reconciler = await stand.startReconciler("--leader-elect=false");
    expectWhole(...(await untilRetried(name)));
    runs += 1;
  }
  expect(kills).toBeGreaterThanOrEqual(MIN_KILLS);
  // Of two writes that fall together in every run the second is never one to die at.
  expect(writesOfDeath.size).toBeGreaterThanOrEqual(total - 1);
  expect((await listSessions(stand.client, stand.namespace)).length, "history is pruned").toBeLessThanOrEqual(4);
});

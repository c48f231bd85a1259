import fc from "fast-check";
import { expect, test } from "vitest";
import { type BackupSessionStatus, parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { StatusStore } from "../../../support/objects/records.ts";
import { anyHistory, type History, happen, startHistory } from "../../../support/simulation/session-history.ts";
import type { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

/** So little that nearly everything is kept in records. */
const ROOM = { status: 500, listed: 200, leastListed: 0, stubs: 200, record: 300 };

function parseStatus(value: unknown): BackupSessionStatus {
  const object = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: "n", namespace: "d" },
  };
  return parseBackupSession({ ...object, spec: {}, status: value }).status ?? {};
}

/** Progress is no part of what is stored: a host's pod tells it in its host run. */
function withProgress(read: BackupSessionStatus, told: BackupSessionStatus): BackupSessionStatus {
  const targets = (read.targets ?? []).map((target, at) => {
    const before = told.targets?.[at]?.stats ?? [];
    const stats = (target.stats ?? []).map((host, position) => {
      const progress = before[position]?.progress;
      return progress === undefined ? host : { ...host, progress };
    });
    return target.stats === undefined ? target : { ...target, stats };
  });
  return { ...read, ...(read.targets !== undefined && { targets }) };
}

/** Plays the history; what is decided on is what comes back from the store each time. @returns trails, hooks and the end */
async function play(history: History, store: StatusStore<BackupSessionStatus> | undefined) {
  const simulation: SessionSimulation = startHistory(history);
  const settle = async (): Promise<void> => {
    simulation.settle();
    const { status } = simulation;
    if (store === undefined || simulation.session.status === undefined) return;
    await store.write(status);
    simulation.session = { ...simulation.session, status: withProgress(store.read(), status) };
  };
  await settle();
  for (const event of history.events) {
    happen(simulation, event);
    await settle();
  }
  return {
    trails: simulation.passes.map(({ trail }) => trail),
    hooks: simulation.startedHooks.map(({ key, handler }) => [key, handler]),
    status: JSON.parse(JSON.stringify(simulation.status)),
  };
}

test("D20: whatever happens, a session goes the same way when nearly all of it is kept in records", {
  timeout: 120_000,
}, async () => {
  let records = 0;
  await fc.assert(
    fc.asyncProperty(anyHistory, async (history) => {
      const store = new StatusStore("backup", parseStatus, ROOM);
      const [stored, plain] = [await play(history, store), await play(history, undefined)];
      records += store.records.size;
      expect(stored).toEqual(plain);
    }),
    { numRuns: 150 },
  );
  expect(records).toBeGreaterThan(500);
});

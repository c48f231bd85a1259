/**
 * Retention over random histories: sessions that fail or save a part, retries, edits of the members, clocks that go back, removals
 * that are cut short, and neighbours under the same names. A few histories are lived with restic itself.
 */
import fc from "fast-check";
import { ensureRepository } from "../agent/restic/ensure-repository.ts";
import { createResticWorld } from "../tests/support/restic/restic-world.ts";
import { brokenPoints, leftBehind, lostForeign, owedPoints } from "../tests/support/retention/faults.ts";
import { type History, historyArbitrary } from "../tests/support/retention/history.ts";
import { createResticStore } from "../tests/support/retention/restic-store.ts";
import { createListStore, playHistory, type Store } from "../tests/support/retention/saved-repository.ts";

const HISTORIES = 1_000;
const MAX_STEPS = 60;
const RESTIC_HISTORIES = 4;
const RESTIC_STEPS = 10;

interface Figures {
  retentions: number;
  pointsOwed: number;
  brokenPoints: number;
  lostForeign: number;
  leftBehind: number;
}

async function live(histories: readonly History[], storeOf: () => Promise<Store>): Promise<Figures> {
  const figures = { retentions: 0, pointsOwed: 0, brokenPoints: 0, lostForeign: 0, leftBehind: 0 };
  for (const history of histories) {
    await playHistory(history, await storeOf(), (state) => {
      figures.retentions += 1;
      figures.pointsOwed += owedPoints(state, history.rules).length;
      figures.brokenPoints += brokenPoints(state, history.rules);
      figures.lostForeign += lostForeign(state);
      figures.leftBehind += leftBehind(state, history.rules);
    });
  }
  return figures;
}

async function liveWithRestic(histories: readonly History[]): Promise<Figures> {
  const worlds: Awaited<ReturnType<typeof createResticWorld>>[] = [];
  try {
    return await live(histories, async () => {
      const world = await createResticWorld();
      worlds.push(world);
      const restic = await world.open();
      await ensureRepository(restic, new AbortController().signal);
      return createResticStore(world, restic);
    });
  } finally {
    for (const world of worlds) await world.stop();
  }
}

export async function run(): Promise<Record<string, number>> {
  const seed = Date.now();
  const histories = fc.sample(historyArbitrary(MAX_STEPS), { numRuns: HISTORIES, seed });
  let removedSnapshots = 0;
  const startedAt = performance.now();
  const planned = await live(histories, async () =>
    createListStore(({ remove }) => {
      removedSnapshots += remove.length;
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  const few = fc.sample(historyArbitrary(RESTIC_STEPS), { numRuns: RESTIC_HISTORIES, seed });
  const withRestic = await liveWithRestic(few.map((history) => ({ ...history, steps: [...history.steps, RETENTION] })));
  return {
    seed,
    histories: HISTORIES,
    ...planned,
    removedSnapshots,
    seconds: Math.round(seconds * 10) / 10,
    resticHistories: RESTIC_HISTORIES,
    resticRetentions: withRestic.retentions,
    resticPointsOwed: withRestic.pointsOwed,
    resticBrokenPoints: withRestic.brokenPoints,
    resticLostForeign: withRestic.lostForeign,
    resticLeftBehind: withRestic.leftBehind,
  };
}

/** Each history ends with one. */
const RETENTION = { kind: "retention", cutAfter: undefined } as const;

/** What a decision over a Sequential batch of many members costs. */
import { decideSession } from "../reconciler/backup-session/decide.ts";
import { bringToMiddle, longBatch } from "../tests/support/simulation/long-batch.ts";
import type { SessionSimulation } from "../tests/support/simulation/session-simulation.ts";

const ROUNDS = 7;
const MEMBERS = 1_000;

/** @returns milliseconds of the fastest round: what the decision itself takes on a machine that others use too */
function decideMs(simulation: SessionSimulation): number {
  const view = simulation.view();
  const times = Array.from({ length: ROUNDS }, () => {
    const startedAtMs = performance.now();
    decideSession(view, new Date(simulation.nowMs));
    return performance.now() - startedAtMs;
  });
  return Math.round(Math.min(...times) * 10) / 10;
}

/** Milliseconds of one decision over 1,000 members: the worst of the first, one in the middle, and one that refuses them all. */
export function memberFigures(): { readonly decideMs1000Members: number } {
  const simulation = longBatch(MEMBERS, 1);
  const firstMs = decideMs(simulation);
  bringToMiddle(simulation, MEMBERS);
  const middleMs = decideMs(simulation);
  const refusedMs = decideMs(longBatch(MEMBERS, 0));
  return { decideMs1000Members: Math.max(firstMs, middleMs, refusedMs) };
}

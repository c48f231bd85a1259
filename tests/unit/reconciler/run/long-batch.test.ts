import { expect, test } from "vitest";
import { decideSession } from "../../../../reconciler/backup-session/decide.ts";
import { timed } from "../../../support/cpu-time.ts";
import { bringToMiddle, longBatch } from "../../../support/simulation/long-batch.ts";
import type { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

/** The budget is 50 ms on a machine that is left alone, which `npm run bench -- hosts` measures. */
const LIMIT_MS = 100;
const MEMBERS = 1_000;

function begun(): SessionSimulation {
  const simulation = longBatch(MEMBERS, 1);
  bringToMiddle(simulation, MEMBERS);
  return simulation;
}

test.each([
  ["begins", () => longBatch(MEMBERS, 1)],
  ["goes on in the middle", begun],
  ["refuses one member after another", () => longBatch(MEMBERS, 0)],
])("one decision that %s over a Sequential batch of 1,000 members keeps within its budget", (_what, make) => {
  const simulation = make();
  const view = simulation.view();
  const rounds = Array.from({ length: 5 }, () => timed(() => decideSession(view, new Date(simulation.nowMs))).cpuMs);
  expect(Math.min(...rounds)).toBeLessThan(LIMIT_MS);
});

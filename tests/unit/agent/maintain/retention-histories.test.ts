import fc from "fast-check";
import { expect, test } from "vitest";
import { brokenPoints, leftBehind, lostForeign, owedPoints } from "../../../support/retention/faults.ts";
import { historyArbitrary } from "../../../support/retention/history.ts";
import { createListStore, playHistory } from "../../../support/retention/saved-repository.ts";

const RUNS = 400;

test("D4, D25: after any history the newest complete points are whole, and nobody else's snapshot is gone", async () => {
  let owed = 0;
  let removed = 0;
  await fc.assert(
    fc.asyncProperty(historyArbitrary(40), async (history) => {
      const store = createListStore(({ remove }) => {
        removed += remove.length;
      });
      await playHistory(history, store, (state) => {
        owed += owedPoints(state, history.rules).length;
        expect(brokenPoints(state, history.rules)).toBe(0);
        expect(lostForeign(state)).toBe(0);
        expect(leftBehind(state, history.rules)).toBe(0);
      });
    }),
    { numRuns: RUNS },
  );
  // Else the histories would say nothing.
  expect(owed).toBeGreaterThan(RUNS);
  expect(removed).toBeGreaterThan(RUNS);
});

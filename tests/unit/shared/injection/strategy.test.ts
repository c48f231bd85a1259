import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideStrategy, type StrategyState } from "../../../../shared/injection/strategy.ts";

const RECREATE = { type: "Recreate" };
const ROLLING = { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } };
const held = (own: unknown): StrategyState => ({ strategy: RECREATE, kept: JSON.stringify(own) });

function decided(state: StrategyState, isUnderRestore: boolean, before?: StrategyState): StrategyState {
  return decideStrategy({ kind: "Deployment", isUnderRestore, state, before }) ?? state;
}

const anyPart = fc.oneof(
  fc.nat(9),
  fc.nat(100).map((part) => `${part}%`),
);
const anyOwn = fc.oneof(
  fc.constantFrom(undefined, {}, { type: "RollingUpdate" }, RECREATE, { rollingUpdate: null }),
  fc
    .record({ maxSurge: anyPart, maxUnavailable: anyPart, future: fc.string() }, { requiredKeys: [] })
    .filter(({ maxSurge, maxUnavailable }) => ![maxSurge, maxUnavailable].every((part) => /^0+%?$/.test(`${part}`)))
    .map((rollingUpdate) => ({ future: 1, type: "RollingUpdate", rollingUpdate })),
);

test("D3: whatever a Deployment's strategy, a restore holds it at Recreate and gives back the same bytes", () => {
  fc.assert(
    fc.property(anyOwn, (own) => {
      const state = { strategy: own, kept: undefined };
      const during = decided(state, true);
      expect(during.strategy).toEqual(RECREATE);
      expect(decideStrategy({ kind: "Deployment", isUnderRestore: true, state: during })).toBeUndefined();
      const back = decided(during, false);
      expect(JSON.stringify(back.strategy)).toBe(JSON.stringify(own));
      expect(back.kept).toBeUndefined();
      expect(decideStrategy({ kind: "Deployment", isUnderRestore: false, state: back })).toBeUndefined();
    }),
  );
});

describe("D3: while a restore holds the strategy", () => {
  test("one that somebody puts in its place is the owner's from then on", () => {
    const other = { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 0 } };
    const during = decided({ strategy: other, kept: JSON.stringify(ROLLING) }, true, held(ROLLING));
    expect(during).toEqual(held(other));
    expect(decided(during, false).strategy).toEqual(other);
    // Also where the whole object was replaced, annotations and all.
    expect(decided({ strategy: other, kept: undefined }, true, held(ROLLING))).toEqual(held(other));
  });

  test("a patch of single fields changes the owner's, and is not refused for a Recreate that its author never set", () => {
    const patched = { strategy: { type: "Recreate", rollingUpdate: { maxSurge: 5 } }, kept: JSON.stringify(ROLLING) };
    const own = { type: "RollingUpdate", rollingUpdate: { maxSurge: 5, maxUnavailable: "25%" } };
    expect(decided(patched, true, held(ROLLING))).toEqual(held(own));
    expect(decided(patched, false)).toEqual({ strategy: own, kept: undefined });
  });

  test("an annotation that is taken away comes back", () => {
    expect(decided({ strategy: RECREATE, kept: undefined }, true, held(ROLLING))).toEqual(held(ROLLING));
  });

  test("a strategy that the API server refuses is left for it to refuse", () => {
    const wrong = { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } };
    expect(decided({ strategy: wrong, kept: JSON.stringify(ROLLING) }, true, held(ROLLING)).strategy).toEqual(wrong);
    expect(decided({ strategy: { type: "Blue" }, kept: JSON.stringify(ROLLING) }, true).strategy).toEqual({
      type: "Blue",
    });
  });
});

test("D3: a Deployment that says Recreate itself is left as it is", () => {
  const state = { strategy: RECREATE, kept: undefined };
  expect(decideStrategy({ kind: "Deployment", isUnderRestore: true, state })).toBeUndefined();
});

test("D3: an owner's new strategy stays when the restore ends", () => {
  const other = { type: "RollingUpdate", rollingUpdate: { maxSurge: 3 } };
  expect(decided({ strategy: other, kept: JSON.stringify(ROLLING) }, false)).toEqual({
    strategy: other,
    kept: undefined,
  });
});

test("D3: a forged annotation gives no strategy that the API server would refuse, and does not stay", () => {
  const forged = [
    "",
    "nonsense",
    "1",
    "[]",
    '{"type":"Bogus"}',
    '{"rollingUpdate":{"maxSurge":"many"}}',
    '{"rollingUpdate":{"maxSurge":0,"maxUnavailable":"0%"}}',
    '{"rollingUpdate":{"maxUnavailable":"101%"}}',
    '{"rollingUpdate":{"maxSurge":-1}}',
    '{"rollingUpdate":{"maxSurge":1e99}}',
    '{"type":"Recreate","rollingUpdate":{}}',
    "[".repeat(100_000),
  ];
  for (const kept of forged) {
    for (const isUnderRestore of [true, false]) {
      expect(decided({ strategy: RECREATE, kept }, isUnderRestore), kept).toEqual({
        strategy: RECREATE,
        kept: undefined,
      });
    }
  }
});

test("D3: other kinds keep their update strategies", () => {
  for (const kind of ["StatefulSet", "DaemonSet", "DeploymentConfig"]) {
    const state = { strategy: { type: "Rolling" }, kept: "null" };
    expect(decideStrategy({ kind, isUnderRestore: true, state })).toBeUndefined();
  }
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { findCircles } from "../../../../reconciler/run/circles.ts";

/** By going every way from every member, as slow as it is plain. */
function findCirclesPlainly(dependsOn: readonly (readonly number[])[], isSequential: boolean): number[] {
  return dependsOn.flatMap((_, start) => {
    const seen = new Set<number>();
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const from = at;
      const next = [...(dependsOn[from] ?? []), ...(isSequential ? Array.from({ length: from }, (_, to) => to) : [])];
      for (const to of next) {
        if (seen.has(to)) continue;
        seen.add(to);
        open.push(to);
      }
    }
    return seen.has(start) ? [start] : [];
  });
}

test("members on a circle are those from which a way leads back", () => {
  const members = fc
    .integer({ min: 1, max: 9 })
    .chain((size) =>
      fc.array(fc.uniqueArray(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }),
    );
  fc.assert(
    fc.property(members, fc.boolean(), (edges, isSequential) => {
      const found = findCircles(
        edges.map((names) => names.map(String)),
        { waitsFor: (name) => [Number(name)], isSequential },
      );
      expect([...found].sort()).toEqual(findCirclesPlainly(edges, isSequential));
    }),
    { numRuns: 2_000 },
  );
});

test("S8: a chain of any length is followed without recursion", () => {
  const chain = Array.from({ length: 50_000 }, (_, at) => [String((at + 1) % 50_000)]);
  const found = findCircles(chain, { waitsFor: (name) => [Number(name)], isSequential: false });
  expect(found.size).toBe(50_000);
});

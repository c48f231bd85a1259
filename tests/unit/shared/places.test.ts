/** Places of which nobody has more than a few. */
import { expect, test } from "vitest";
import { createPlaces } from "../../../shared/places.ts";

test("one has a few, all together have so many, and what is given back is free, once", () => {
  const places = createPlaces({ most: 3, mostOfOne: 2 });
  const first = places.take("ann");
  expect(first).toBeDefined();
  expect(places.take("ann")).toBeDefined();
  expect(places.take("ann")).toBeUndefined();
  expect(places.take("ben")).toBeDefined();
  expect(places.take("eve")).toBeUndefined();
  first?.();
  first?.();
  expect(places.take("eve")).toBeDefined();
  expect(places.take("ann")).toBeUndefined();
});

test("ServiceAccounts of a namespace are one, and those of another are another", () => {
  const places = createPlaces({ most: 9, mostOfOne: 1 });
  expect(places.take("system:serviceaccount:evil:a")).toBeDefined();
  expect(places.take("system:serviceaccount:evil:b")).toBeUndefined();
  expect(places.take("system:serviceaccount:good:a")).toBeDefined();
});

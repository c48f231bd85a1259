import fc from "fast-check";
import { afterEach, test } from "vitest";
import { aSyncedWorld, expectCaughtUp, stopOpened } from "./informer-world.ts";

afterEach(stopOpened);

/** What can happen to a watched resource, the connection included. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant("put" as const), fc.nat(5), fc.nat(3)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("remove" as const), fc.nat(5), fc.constant(0)) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom("cut" as const, "half" as const, "end" as const, "expire" as const),
      fc.constant(0),
      fc.constant(0),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constantFrom("compact" as const, "bookmark" as const, "cutAll" as const),
      fc.constant(0),
      fc.constant(0),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant("pause" as const), fc.nat(8), fc.constant(0)) },
);

test("whatever happens to objects and connections, in the end all is known, and no change was told wrongly", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), async (happenings) => {
      const world = await aSyncedWorld();
      for (const [what, which, value] of happenings) {
        if (what === "put") world.things.put(`thing-${which}`, value);
        else if (what === "remove") world.things.remove(`thing-${which}`);
        else if (what === "cut") world.things.cutWatches();
        else if (what === "half") world.things.cutWatches(true);
        else if (what === "end") world.things.endWatches();
        else if (what === "expire") world.things.failWatches(410, "Expired");
        else if (what === "compact") world.things.compact();
        else if (what === "bookmark") world.things.bookmark();
        else if (what === "cutAll") world.server.cut();
        else await new Promise((resolve) => setTimeout(resolve, which));
      }
      await expectCaughtUp(world);
      await world.informer.stop();
      await world.server.stop();
    }),
    { numRuns: 40 },
  );
}, 30_000);

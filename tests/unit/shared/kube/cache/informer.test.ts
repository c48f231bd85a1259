import { afterEach, expect, test } from "vitest";
import { isJsonObject, valueAt } from "../../../../../shared/json/value.ts";
import { eventually } from "../../../../support/eventually.ts";
import { answerJson, aStatus } from "../client/local-server.ts";
import { aSyncedWorld, aWorld, expectCaughtUp, Follower, stopOpened } from "./informer-world.ts";
import { WatchedCollection } from "./watched-collection.ts";

afterEach(stopOpened);

test("the first list comes page by page, and each object is added once", async () => {
  const world = await aSyncedWorld();
  await expectCaughtUp(world);
  expect(world.things.lists).toBe(1);
  expect(world.server.seen.filter(({ query }) => query.has("limit"))).toHaveLength(3);
  expect(world.informer.size()).toBe(7);
});

test("objects are found by name, by namespace and by index", async () => {
  const { informer, things } = await aSyncedWorld();
  expect(informer.get("demo", "thing-3")).toMatchObject({ name: "thing-3", data: 3 });
  expect(informer.get("other", "thing-3")).toBeUndefined();
  expect(informer.list("demo")).toHaveLength(7);
  expect(informer.list("other")).toEqual([]);
  expect(informer.byIndex("data", "3").map(({ name }) => name)).toEqual(["thing-3"]);
  things.put("thing-3", 5);
  await eventually(() => informer.byIndex("data", "5").map(({ name }) => name), ["thing-5", "thing-3"], 10_000);
  expect(informer.byIndex("data", "3")).toEqual([]);
});

test("changes come in order, with what was before", async () => {
  const world = await aSyncedWorld();
  world.things.put("thing-1", "new");
  world.things.remove("thing-2");
  world.things.put("thing-2", "again");
  await expectCaughtUp(world);
  expect(world.follower.calls).toEqual(['update thing-1="new"', "delete thing-2", 'add thing-2="again"']);
});

test("a handler that comes late is told of what is held already", async () => {
  const world = await aSyncedWorld();
  const late = new Follower();
  const leave = world.informer.subscribe(late.handler);
  expect(late.state.size).toBe(7);
  leave();
  world.things.put("thing-1", "new");
  await expectCaughtUp(world);
  expect(late.calls).toHaveLength(7);
});

test("held objects cannot be changed", async () => {
  const things = new WatchedCollection();
  things.put("deep", { list: [{ value: 1 }] });
  const { informer } = await aWorld({}, things);
  informer.start();
  await informer.hasSynced();
  const list = valueAt(informer.get("demo", "deep"), "data", "list");
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  expect(isJsonObject(first)).toBe(true);
  expect(() => Object.assign(Object(first), { value: 2 })).toThrow(TypeError);
});

test("a cut connection goes on where it was: nothing is listed again, nothing lost, nothing twice", async () => {
  const world = await aSyncedWorld();
  world.things.cutWatches(true);
  world.things.put("thing-1", "while away");
  world.things.remove("thing-2");
  await expectCaughtUp(world);
  expect(world.things.lists).toBe(1);
  expect(world.follower.calls).toEqual(['update thing-1="while away"', "delete thing-2"]);
});

test("a watch that the server ends is opened again at once, without a fault", async () => {
  const world = await aSyncedWorld();
  world.things.put("thing-1", "a");
  await expectCaughtUp(world);
  world.things.endWatches();
  world.things.put("thing-1", "b");
  await expectCaughtUp(world);
  expect(world.problems).toEqual([]);
});

test("after a compaction only real differences are told", async () => {
  const world = await aSyncedWorld();
  world.things.cutWatches();
  world.things.put("thing-1", "new");
  world.things.remove("thing-2");
  world.things.remove("thing-3");
  world.things.put("thing-3", "another");
  world.things.put("thing-9", "added");
  world.things.compact();
  await expectCaughtUp(world);
  expect(world.things.lists).toBe(2);
  expect(world.follower.calls.toSorted()).toEqual(
    [
      "delete thing-2",
      "delete thing-3",
      'add thing-3="another"',
      'add thing-9="added"',
      'update thing-1="new"',
    ].toSorted(),
  );
});

test("an error event of expiry leads to a new list, which tells nothing when nothing changed", async () => {
  const world = await aSyncedWorld();
  world.things.failWatches(410, "Expired");
  await eventually(() => world.things.lists, 2, 10_000);
  await eventually(() => world.things.openWatches, 1, 10_000);
  expect(world.follower.calls).toEqual([]);
});

test("bookmarks move the point to go on from, so that a compaction before it does no harm", async () => {
  const world = await aSyncedWorld();
  for (let i = 0; i < 5; i += 1) world.things.put("thing-1", i);
  world.things.bookmark();
  await expectCaughtUp(world);
  world.things.compact();
  world.things.cutWatches();
  world.things.put("thing-1", "after");
  await expectCaughtUp(world);
  expect(world.things.lists).toBe(1);
});

test("a server whose history went back is listed anew", async () => {
  const world = await aSyncedWorld();
  world.things.put("thing-1", "a");
  await expectCaughtUp(world);
  world.things.bookmark(3);
  await eventually(() => world.things.lists, 2, 10_000);
  await expectCaughtUp(world);
});

test("a connection that fell silent is cut and resumed", async () => {
  const world = await aSyncedWorld({ quietAfterMs: 60 });
  world.things.fallSilent();
  world.things.put("thing-1", "unheard");
  await expectCaughtUp(world);
  expect(world.things.lists).toBe(1);
  expect(world.problems).toEqual([]);
});

test("a server that is away is found again, and the loss of contact is told once", async () => {
  const world = await aSyncedWorld({ staleAfterMs: 60, failAfterMs: 150 });
  const { port } = world.server;
  expect(world.informer.healthy().ok).toBe(true);
  await world.server.stop();
  world.things.put("thing-1", "while away");
  await eventually(() => world.informer.healthy().ok, false, 10_000);
  await eventually(() => world.failed.length, 1, 10_000);
  expect(world.failed[0]).toBeGreaterThanOrEqual(149);
  expect(world.problems.filter(({ kind }) => kind === "Stale")).toHaveLength(1);
  await world.server.listen(port);
  await expectCaughtUp(world);
  expect(world.informer.healthy().ok).toBe(true);
});

test("an object that cannot be read is told and stays as it was, and the others go on", async () => {
  const world = await aSyncedWorld();
  world.things.put("thing-1", "unreadable");
  world.things.put("thing-2", "fine");
  await eventually(() => world.informer.get("demo", "thing-2")?.data, "fine", 10_000);
  expect(world.informer.get("demo", "thing-1")?.data).toBe(1);
  expect([...world.informer.unreadable()]).toEqual([["demo/thing-1", "cannot read this"]]);
  expect(world.problems).toMatchObject([{ kind: "Unreadable", resource: "things", key: "demo/thing-1" }]);
  // A list does not mistake it for a deleted one.
  world.things.failWatches(410, "Expired");
  await eventually(() => world.things.lists, 2, 10_000);
  await eventually(() => world.things.openWatches, 1, 10_000);
  expect(world.informer.get("demo", "thing-1")?.data).toBe(1);
  world.things.put("thing-1", "well again");
  await expectCaughtUp(world);
  expect(world.informer.unreadable().size).toBe(0);
});

test("an object that cannot be read counts as such until it is gone, also when its deletion was missed", async () => {
  const world = await aSyncedWorld();
  world.things.put("never-readable", "unreadable");
  await eventually(() => world.informer.unreadable().size, 1, 10_000);
  world.things.cutWatches();
  world.things.remove("never-readable");
  world.things.compact();
  await eventually(() => world.informer.unreadable().size, 0, 10_000);
});

test("a handler that throws is told and hurts no other", async () => {
  const world = await aSyncedWorld();
  world.informer.subscribe({
    update: () => {
      throw new Error("clumsy");
    },
  });
  const second = new Follower();
  world.informer.subscribe(second.handler);
  world.things.put("thing-1", "new");
  await eventually(() => second.data.get("thing-1"), "new", 10_000);
  expect(world.problems).toMatchObject([{ kind: "HandlerFailed", key: "demo/thing-1" }]);
});

test("a refused list is tried again until it is allowed", async () => {
  const world = await aWorld();
  world.server.answer = (_, response) => answerJson(response, 403, aStatus(403, "Forbidden"));
  world.things.put("thing-1", 1);
  world.informer.start();
  await eventually(
    () => world.problems.length,
    (count) => count > 2,
    10_000,
  );
  world.server.answer = world.things.answer;
  await world.informer.hasSynced();
  await expectCaughtUp(world);
});

test("a stop ends the watch, the calls and the waiting for the first list", async () => {
  const world = await aWorld();
  world.server.answer = () => {};
  world.informer.start();
  const synced = world.informer.hasSynced();
  await world.informer.stop();
  await expect(synced).rejects.toThrow("stopped");
  await eventually(() => world.server.connections, 0, 10_000);
});

import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../../../shared/kube/clock.ts";
import { createKubeClient } from "../../../../shared/kube/http-client.ts";
import { createInformer, type Informer, type InformerProblem } from "../../../../shared/kube/informer.ts";
import { isJsonObject, textAt, valueAt } from "../../../../shared/kube/json-value.ts";
import type { ReflectorTimings } from "../../../../shared/kube/reflector-timings.ts";
import { answerJson, aStatus, LocalServer } from "./local-server.ts";
import { WatchedCollection } from "./watched-collection.ts";

const THINGS = { group: "", version: "v1", plural: "things", namespaced: true };

interface Thing {
  readonly name: string;
  readonly uid: string;
  readonly version: string;
  readonly data: unknown;
}

function parseThing(object: unknown): Thing {
  const data = valueAt(object, "data");
  if (data === "unreadable") throw new TypeError("cannot read this");
  return {
    name: textAt(object, "metadata", "name") ?? "",
    uid: textAt(object, "metadata", "uid") ?? "",
    version: textAt(object, "metadata", "resourceVersion") ?? "",
    data,
  };
}

/** What handlers were told, applied as they were told it. A wrong order of calls is an error at once. */
class Follower {
  readonly calls: string[] = [];
  readonly state = new Map<string, Thing>();

  readonly handler = {
    add: (thing: Thing): void => {
      if (this.state.has(thing.name)) throw new Error(`${thing.name} was added twice`);
      this.#set("add", thing);
    },
    update: (before: Thing, after: Thing): void => {
      const held = this.state.get(after.name);
      if (held === undefined) throw new Error(`${after.name} was updated before it was added`);
      if (held !== before) throw new Error(`${after.name} was updated from something else`);
      if (held.version === after.version) throw new Error(`${after.name} was updated to the same version`);
      if (held.uid !== after.uid) throw new Error(`${after.name} was updated to another object`);
      this.#set("update", after);
    },
    delete: (thing: Thing): void => {
      if (this.state.get(thing.name) !== thing) throw new Error(`${thing.name} was deleted without being there`);
      this.state.delete(thing.name);
      this.calls.push(`delete ${thing.name}`);
    },
  };

  #set(verb: string, thing: Thing): void {
    this.state.set(thing.name, thing);
    this.calls.push(`${verb} ${thing.name}=${JSON.stringify(thing.data)}`);
  }

  get data(): ReadonlyMap<string, unknown> {
    return new Map([...this.state.values()].map(({ name, data }) => [name, data]));
  }
}

interface World {
  readonly things: WatchedCollection;
  readonly server: LocalServer;
  readonly informer: Informer<Thing, "data">;
  readonly follower: Follower;
  readonly problems: InformerProblem[];
  readonly failed: number[];
}

const opened: { stop(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.stop();
});

async function aWorld(timings: Partial<ReflectorTimings> = {}, things = new WatchedCollection()): Promise<World> {
  const server = await LocalServer.start(things.answer);
  const client = createKubeClient({ connection: server.connection(), program: "test" });
  const problems: InformerProblem[] = [];
  const failed: number[] = [];
  const follower = new Follower();
  const informer = createInformer<Thing, "data">({
    client,
    resource: THINGS,
    transform: parseThing,
    indexes: { data: (thing) => [String(thing.data)] },
    onProblem: (problem) => problems.push(problem),
    onFail: (ageMs) => failed.push(ageMs),
    timings: { backoff: { baseMs: 2, maxMs: 10 }, ...timings },
    pageSize: 3,
    clock: systemClock,
  });
  informer.subscribe(follower.handler);
  opened.push(server, { stop: () => client.close() }, informer);
  return { things, server, informer, follower, problems, failed };
}

async function aSyncedWorld(timings: Partial<ReflectorTimings> = {}): Promise<World> {
  const things = new WatchedCollection();
  for (let i = 0; i < 7; i += 1) things.put(`thing-${i}`, i);
  const world = await aWorld(timings, things);
  world.informer.start();
  await world.informer.hasSynced();
  await eventually(() => things.openWatches).toBe(1);
  world.follower.calls.length = 0;
  return world;
}

/** Patient, since the machine may be busy; quick where it is not. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 10_000, interval: 2 });

/** Both the store and whoever listens know what the server has. */
async function expectCaughtUp({ things, informer, follower, problems }: World): Promise<void> {
  await expect.poll(() => new Map(informer.list().map(({ name, data }) => [name, data]))).toEqual(things.state);
  expect(follower.data).toEqual(things.state);
  expect(problems.filter(({ kind }) => kind === "HandlerFailed")).toEqual([]);
}

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
  await eventually(() => informer.byIndex("data", "5").map(({ name }) => name)).toEqual(["thing-5", "thing-3"]);
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
  await eventually(() => world.things.lists).toBe(2);
  await eventually(() => world.things.openWatches).toBe(1);
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
  await eventually(() => world.things.lists).toBe(2);
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
  await eventually(() => world.informer.healthy().ok).toBe(false);
  await eventually(() => world.failed.length).toBe(1);
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
  await eventually(() => world.informer.get("demo", "thing-2")?.data).toBe("fine");
  expect(world.informer.get("demo", "thing-1")?.data).toBe(1);
  expect([...world.informer.unreadable()]).toEqual([["demo/thing-1", "cannot read this"]]);
  expect(world.problems).toMatchObject([{ kind: "Unreadable", resource: "things", key: "demo/thing-1" }]);
  // A list does not mistake it for a deleted one.
  world.things.failWatches(410, "Expired");
  await eventually(() => world.things.lists).toBe(2);
  await eventually(() => world.things.openWatches).toBe(1);
  expect(world.informer.get("demo", "thing-1")?.data).toBe(1);
  world.things.put("thing-1", "well again");
  await expectCaughtUp(world);
  expect(world.informer.unreadable().size).toBe(0);
});

test("an object that cannot be read counts as such until it is gone, also when its deletion was missed", async () => {
  const world = await aSyncedWorld();
  world.things.put("never-readable", "unreadable");
  await eventually(() => world.informer.unreadable().size).toBe(1);
  world.things.cutWatches();
  world.things.remove("never-readable");
  world.things.compact();
  await eventually(() => world.informer.unreadable().size).toBe(0);
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
  await eventually(() => second.data.get("thing-1")).toBe("new");
  expect(world.problems).toMatchObject([{ kind: "HandlerFailed", key: "demo/thing-1" }]);
});

test("a refused list is tried again until it is allowed", async () => {
  const world = await aWorld();
  world.server.answer = (_, response) => answerJson(response, 403, aStatus(403, "Forbidden"));
  world.things.put("thing-1", 1);
  world.informer.start();
  await eventually(() => world.problems.length).toBeGreaterThan(2);
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
  await eventually(() => world.server.connections).toBe(0);
});

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

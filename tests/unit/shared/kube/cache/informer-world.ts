/** An informer, the server that it follows, and a listener that minds the order of what it is told. */
import { expect } from "vitest";
import { systemClock } from "../../../../../shared/clock.ts";
import { textAt, valueAt } from "../../../../../shared/json/value.ts";
import { createInformer, type Informer, type InformerProblem } from "../../../../../shared/kube/cache/informer.ts";
import type { ReflectorTimings } from "../../../../../shared/kube/cache/reflector-timings.ts";
import { createKubeClient } from "../../../../../shared/kube/client/http.ts";
import { eventually } from "../../../../support/eventually.ts";
import { LocalServer } from "../client/local-server.ts";
import { WatchedCollection } from "./watched-collection.ts";

const THINGS = { group: "", version: "v1", plural: "things", namespaced: true };

export interface Thing {
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
export class Follower {
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

export interface World {
  readonly things: WatchedCollection;
  readonly server: LocalServer;
  readonly informer: Informer<Thing, "data">;
  readonly follower: Follower;
  readonly problems: InformerProblem[];
  readonly failed: number[];
}

const opened: { stop(): Promise<void> | void }[] = [];

/** For the `afterEach` of a test file: this module is loaded once for several. */
export async function stopOpened(): Promise<void> {
  for (const one of opened.splice(0).reverse()) await one.stop();
}

export async function aWorld(
  timings: Partial<ReflectorTimings> = {},
  things = new WatchedCollection(),
): Promise<World> {
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

export async function aSyncedWorld(timings: Partial<ReflectorTimings> = {}): Promise<World> {
  const things = new WatchedCollection();
  for (let i = 0; i < 7; i += 1) things.put(`thing-${i}`, i);
  const world = await aWorld(timings, things);
  world.informer.start();
  await world.informer.hasSynced();
  await eventually(() => things.openWatches, 1, 10_000);
  world.follower.calls.length = 0;
  return world;
}

/** Both the store and whoever listens know what the server has. */
export async function expectCaughtUp({ things, informer, follower, problems }: World): Promise<void> {
  const stored = () => new Map<string, unknown>(informer.list().map(({ name, data }) => [name, data]));
  await eventually(stored, new Map(things.state), 10_000);
  expect(follower.data).toEqual(things.state);
  expect(problems.filter(({ kind }) => kind === "HandlerFailed")).toEqual([]);
}

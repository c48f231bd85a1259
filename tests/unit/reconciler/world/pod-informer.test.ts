/** D11: of pods that concern nobody nothing is watched, and those of before the label are found. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { createPodInformer, type PodInformer } from "../../../../reconciler/world/pod-informer.ts";
import { eventually } from "../../../support/eventually.ts";
import { PodStore } from "./pod-store.ts";

const LABELLED = { "stash.appscode.com/injected": "true" };
const WITHOUT = "!stash.appscode.com/injected,!stash.appscode.com/job-owner";

const informers: PodInformer[] = [];
afterEach(async () => {
  for (const informer of informers.splice(0)) await informer.stop();
});

async function synced(store: PodStore, namespace?: string): Promise<PodInformer> {
  const informer = createPodInformer({
    client: store.client,
    namespace,
    onProblem: (problem) => {
      throw new Error(JSON.stringify(problem));
    },
    shrink: (raw) => raw,
  });
  informers.push(informer);
  informer.start();
  await informer.hasSynced();
  return informer;
}

const names = (informer: PodInformer, namespace?: string) =>
  informer
    .list(namespace)
    .map(({ name }) => name)
    .sort();

function withOthers(): PodStore {
  const store = new PodStore();
  store.put("shop", "labelled", LABELLED, "stash");
  for (let other = 0; other < 50; other += 1) store.put(`ns-${other % 20}`, `other-${other}`, {}, "proxy");
  return store;
}

describe("D11: pods", () => {
  test("with the label are all that is watched, where no other has a container of ours", async () => {
    const store = withOthers();
    const informer = await synced(store);
    expect(names(informer)).toEqual(["labelled"]);
    await eventually(
      () => store.open,
      [{ namespace: undefined, labelSelector: "stash.appscode.com/injected" }],
      10_000,
    );
    expect(store.lists).toHaveLength(2);
  });

  test("of before the label are there with the first look, and are followed", async () => {
    const store = withOthers();
    store.put("old", "before", {}, "stash");
    const informer = await synced(store);
    expect(names(informer)).toEqual(["before", "labelled"]);
    expect(informer.get("old", "before")?.uid).toBe("uid-before");
    expect(informer.byIndex("uid", "uid-before")).toHaveLength(1);
    await expect.poll(() => store.open).toContainEqual({ namespace: "old", labelSelector: WITHOUT });
    store.put("old", "later", {}, "stash");
    await eventually(() => names(informer, "old"), ["before", "later"], 10_000);
  });

  test("of an old template that comes later are followed, and who listens hears of them", async () => {
    const store = withOthers();
    const informer = await synced(store);
    const add = vi.fn();
    informer.subscribe({ add: ({ name }) => add(name) });
    store.put("late", "of-old-template", {}, "stash");
    informer.followWithoutLabel("late");
    informer.followWithoutLabel("late");
    await eventually(() => names(informer, "late"), ["of-old-template"], 10_000);
    expect(add.mock.calls.flat().sort()).toEqual(["labelled", "of-old-template"]);
    expect(store.lists.filter(({ namespace }) => namespace === "late")).toHaveLength(1);
  });

  test("of many namespaces take one watch, and each is told once", async () => {
    const store = withOthers();
    for (let old = 0; old < 30; old += 1) store.put(`old-${old}`, `before-${old}`, {}, "stash");
    const informer = await synced(store);
    expect(names(informer)).toHaveLength(31);
    expect(informer.size()).toBe(31);
    await eventually(
      () => store.open,
      ({ length }) => length === 2,
      10_000,
    );
  });

  test("that came one namespace after the other take one watch from some number on, and none is lost meanwhile", async () => {
    const store = withOthers();
    const informer = await synced(store);
    for (let old = 0; old < 30; old += 1) {
      store.put(`old-${old}`, `before-${old}`, {}, "stash");
      informer.followWithoutLabel(`old-${old}`);
      await eventually(
        () => names(informer),
        ({ length }) => length === old + 2,
        10_000,
      );
    }
    await eventually(
      () => store.open,
      ({ length }) => length === 2,
      10_000,
    );
  });

  test("that get the label are in no list twice", async () => {
    const store = withOthers();
    store.put("old", "before", {}, "stash");
    const informer = await synced(store);
    store.put("old", "before", LABELLED, "stash");
    const seen: number[] = [];
    for (let look = 0; look < 20; look += 1) {
      seen.push(informer.byIndex("uid", "uid-before").length);
      await Promise.resolve();
    }
    expect(new Set(seen)).toEqual(new Set([1]));
    await eventually(() => informer.get("old", "before")?.labels, LABELLED, 10_000);
  });

  test("of another namespace than the installation's are never asked for", async () => {
    const store = withOthers();
    store.put("shop", "before", {}, "stash");
    store.put("old", "before-too", {}, "stash");
    const informer = await synced(store, "shop");
    expect(names(informer)).toEqual(["before", "labelled"]);
    expect(new Set(store.lists.map(({ namespace }) => namespace))).toEqual(new Set(["shop"]));
  });
});

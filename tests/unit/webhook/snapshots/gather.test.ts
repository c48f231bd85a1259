/** Lists of snapshots: pages that miss and double nothing, what an unreadable Repository costs, and how much a call may take. */
import { describe, expect, test } from "vitest";
import { KINDS } from "../../../../shared/api/kinds.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";
import { formatCursor, parseCursor } from "../../../../webhook/snapshots/cursor.ts";
import { type GatherPorts, gatherList, gatherOne } from "../../../../webhook/snapshots/gather.ts";
import { type ListCall, readCall } from "../../../../webhook/snapshots/read-call.ts";

const ROOT = "/apis/repositories.stash.appscode.com/v1alpha1";
const NOW = new Date("2026-01-10T00:00:00Z");

const listed = (number: number, minute = number) => ({
  id: `${number.toString(16).padStart(8, "0")}${"a".repeat(56)}`,
  time: new Date(Date.UTC(2026, 0, 9, 0, minute)).toISOString(),
  hostname: `h-${number % 2}`,
});

function aRepository(namespace: string, name: string, numbers: readonly number[], status: object = {}): object {
  const { apiVersion, kind } = KINDS.Repository;
  const snapshots = numbers.map((number) => listed(number));
  const told = { snapshots, snapshotsListedAt: "2026-01-09T20:00:00Z", firstBackupTime: "2026-01-01T00:00:00Z" };
  return {
    apiVersion,
    kind,
    metadata: { namespace, name, uid: `uid-${name}` },
    spec: {},
    status: { ...told, ...status },
  };
}

function portsOf(repositories: readonly object[]): GatherPorts {
  const inPages = async function* () {
    for (let at = 0; at < repositories.length; at += 2) {
      yield { items: structuredClone(repositories.slice(at, at + 2)), resourceVersion: "1", next: undefined };
    }
  };
  const client: Pick<KubeClient, "find" | "listPages"> = {
    listPages: () => inPages(),
    find: async (_resource, namespace, name, parse) => {
      const found = repositories.find((one) =>
        JSON.stringify(one).includes(`{"namespace":"${namespace}","name":"${name}"`),
      );
      return found === undefined ? undefined : parse(structuredClone(found));
    },
  };
  const orders = { find: async () => ({ count: 0, get: () => undefined }) };
  return { client, orders, signal: new AbortController().signal, now: NOW };
}

function aCall(query = "", after?: string): ListCall {
  const text = new URLSearchParams(query);
  if (after !== undefined) text.set("continue", after);
  const call = readCall({ method: "GET", path: `${ROOT}/snapshots`, query: text.toString(), accept: "" });
  if (call.verb !== "list") throw new Error(call.verb);
  return call;
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe("pages", () => {
  // In the order in which API servers list them.
  const repositories = [
    aRepository("a-b", "x", range(1, 5)),
    aRepository("a", "empty", []),
    aRepository("a", "store", range(10, 7)),
    aRepository("b", "store", range(30, 3)),
  ];

  test.each([1, 2, 3, 7, 500])("of %i miss nothing, double nothing and end", async (limit) => {
    const names: string[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const page = await gatherList(aCall(`limit=${limit}`, after), portsOf(repositories));
      names.push(...page.snapshots.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
      expect(page.snapshots.length).toBeLessThanOrEqual(limit);
      after = page.continue;
    } while (after !== undefined && ++pages < 100);
    const whole = await gatherList(aCall(), portsOf(repositories));
    expect(names).toEqual(whole.snapshots.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    expect(new Set(names).size).toBe(15);
  });

  test("go on where they were when what stood there is gone", async () => {
    const first = await gatherList(aCall("limit=3"), portsOf(repositories));
    const without = [aRepository("a-b", "x", [1, 2, 4, 5]), ...repositories.slice(1)];
    const next = await gatherList(aCall("limit=3", first.continue), portsOf(without));
    expect(next.snapshots.map(({ metadata }) => metadata.name)).toEqual(["x-00000004", "x-00000005", "store-0000000a"]);
    expect(parseCursor(first.continue ?? "")).toMatchObject({ namespace: "a-b", repository: "x" });
    const gone = formatCursor({ namespace: "z", repository: "z", timeMs: 0, id: "" });
    expect(await gatherList(aCall("limit=3", gone), portsOf(repositories))).toMatchObject({ snapshots: [] });
  });
});

test("a list in one piece has an end", async () => {
  const many = range(0, 5).map((index) => aRepository("a", `r-${index}`, range(index * 1_000, 300)));
  await expect(gatherList(aCall(), portsOf(many))).rejects.toThrow(/more than 1000 snapshots: list them with a limit/);
  expect((await gatherList(aCall("limit=500"), portsOf(many))).snapshots).toHaveLength(500);
});

describe("warnings", () => {
  const told = async (repositories: readonly object[], query = "") =>
    (await gatherList(aCall(query), portsOf(repositories))).warnings;

  test.each<[string, object, RegExp | undefined]>([
    ["nothing known", { snapshots: undefined }, /not known yet/],
    ["nothing backed up", { snapshots: undefined, firstBackupTime: undefined }, undefined],
    ["an old list", { snapshotsListedAt: "2026-01-08T00:00:00Z" }, /as they were at 2026-01-08/],
    ["more than is listed", { snapshotCount: 9 }, /the newest 1 of 9 snapshots/],
    ["all of it", { snapshotCount: 1 }, undefined],
  ])("say what a list does not: %s", async (_what, status, words) => {
    const warnings = await told([aRepository("a", "store", [1], status)]);
    expect(warnings).toEqual(words === undefined ? [] : [expect.stringMatching(words)]);
  });

  test("of a Repository that can't be read hide no other, and those that are not selected say nothing", async () => {
    const broken = { ...aRepository("a", "broken", [1]), spec: { backend: 7 } };
    const stale = aRepository("a", "stale", [2], { snapshotsListedAt: "2026-01-01T00:00:00Z" });
    const { snapshots, warnings } = await gatherList(aCall(), portsOf([broken, stale]));
    expect(snapshots.map(({ metadata }) => metadata.name)).toEqual(["stale-00000002"]);
    expect(warnings).toEqual([expect.stringContaining("a/broken can't be read"), expect.stringContaining("a/stale")]);
    expect(await told([stale], "labelSelector=repository%3Dother")).toEqual([]);
    expect(await told([stale], "fieldSelector=metadata.name%3Dother-00000001")).toEqual([]);
    expect(await told([stale], "labelSelector=repository%3Dstale")).toHaveLength(1);
  });
});

test("one is found by its name, also where the Repository's is too long for it", async () => {
  const long = "r".repeat(80);
  const repositories = [aRepository("a", "store", [1, 2]), aRepository("a", long, [3])];
  const find = (name: string) => gatherOne({ namespace: "a", name }, portsOf(repositories));
  expect((await find("store-00000002")).listed.id).toBe(listed(2).id);
  expect((await find(`${"r".repeat(54)}-00000003`)).repository.metadata.name).toBe(long);
  await expect(find("store-00000003")).rejects.toThrow(/not found/);
  const twice = [aRepository("a", `${long}a`, [3]), aRepository("a", `${long}b`, [3])];
  const name = `${"r".repeat(54)}-00000003`;
  await expect(gatherOne({ namespace: "a", name }, portsOf(twice))).rejects.toThrow(/several snapshots/);
});

import { describe, expect, test } from "vitest";
import {
  type ListedSnapshot,
  type RestoreHost,
  resolveSnapshots,
  selectForHost,
  selectRule,
} from "../../../../shared/target/restore-rules.ts";

const TARGET = { apiVersion: "apps/v1", kind: "StatefulSet", namespace: "demo", name: "db" };
const HOST: RestoreHost = { target: TARGET, alias: "data", hostname: "data-1", podName: "db-1" };
const OWN = "target=StatefulSet/demo/db";

describe("the rule of a host", () => {
  const named = { targetHosts: ["data-1"], paths: ["/own"] };
  const all = { paths: ["/all"] };

  test("is the first that names it, wherever it stands", () => {
    expect(selectRule([all, named], HOST)).toBe(named);
  });

  test("is the last for all hosts when none names it", () => {
    const later = { targetHosts: [], paths: ["/later"] };
    expect(selectRule([all, { targetHosts: ["x"] }, later], HOST)).toBe(later);
  });

  test("may name the pod, as the manual does", () => {
    expect(selectRule([{ targetHosts: ["db-1"] }], HOST)).toBeDefined();
    expect(selectRule([{ targetHosts: ["db-2"] }], HOST)).toBeUndefined();
  });

  test("may name the source by a pod's name", () => {
    const selection = selectForHost([{ sourceHost: "db-0", paths: ["/a"] }], HOST, undefined);
    expect(selection.sourceHost).toBe("data-0");
  });
});

describe("what is selected", () => {
  test.each([
    ["no rule at all", []],
    ["no rule for this host", [{ targetHosts: ["other"], paths: ["/a"] }]],
    ["a rule with neither snapshots nor paths", [{ include: ["*.txt"] }]],
  ])("L42: %s is an error, not a success without data", (_what, rules) => {
    expect(() => selectForHost(rules, HOST, undefined)).toThrowError(
      expect.objectContaining({ code: "NOTHING_SELECTED" }),
    );
  });

  test("snapshots go before paths, and each counts once", () => {
    const rules = [{ snapshots: ["abc", "latest", "abc"], paths: ["/a"], include: ["i"], exclude: ["e"] }];
    expect(selectForHost(rules, HOST, undefined)).toEqual({
      sourceHost: "data-1",
      wanted: [{ by: "id", id: "abc" }, { by: "latest" }],
      include: ["i"],
      exclude: ["e"],
      mayOverlap: false,
    });
  });
});

describe("a recovery point", () => {
  const point = {
    session: "nightly-1",
    snapshots: [
      { target: TARGET, hostname: "data-0", path: "/a", id: "s0" },
      { target: TARGET, hostname: "data-1", path: "/a", id: "s1" },
      { target: TARGET, hostname: "data-1", path: "/b", id: "s2" },
    ],
  };

  test("decides which snapshots are restored, also without any rule", () => {
    expect(selectForHost([], HOST, point).wanted).toEqual([
      { by: "id", id: "s1", path: "/a" },
      { by: "id", id: "s2", path: "/b" },
    ]);
  });

  test("is narrowed by the rule's host, paths and patterns", () => {
    const rules = [{ sourceHost: "data-0", exclude: ["*.log"] }];
    expect(selectForHost(rules, HOST, point)).toMatchObject({ wanted: [{ id: "s0" }], exclude: ["*.log"] });
    expect(selectForHost([{ paths: ["/b"] }], HOST, point).wanted).toMatchObject([{ id: "s2" }]);
  });

  test("may be of another target, when there is no doubt which", () => {
    const copy: RestoreHost = { ...HOST, target: { ...TARGET, name: "copy" } };
    expect(selectForHost([], copy, point).wanted).toHaveLength(2);
    const other = { target: { ...TARGET, name: "third" }, hostname: "data-1", path: "/a", id: "s3" };
    const both = { ...point, snapshots: [...point.snapshots, other] };
    expect(() => selectForHost([], copy, both)).toThrowError(expect.objectContaining({ code: "SNAPSHOT_NOT_FOUND" }));
  });

  test("that lists fewer paths of the host than were saved is refused, unless those that are wanted are there", () => {
    const cut = { ...point, snapshots: point.snapshots.map((one) => ({ ...one, paths: 3 })) };
    expect(() => selectForHost([], HOST, cut)).toThrowError(
      expect.objectContaining({ code: "SNAPSHOT_NOT_FOUND", message: expect.stringMatching(/2 of the 3 paths/) }),
    );
    expect(() => selectForHost([{ sourceHost: "data-0" }], HOST, cut)).toThrowError(/1 of the 3 paths/);
    expect(selectForHost([{ paths: ["/b"] }], HOST, cut).wanted).toMatchObject([{ id: "s2" }]);
    const whole = { ...point, snapshots: point.snapshots.map((one) => ({ ...one, paths: 2 })) };
    expect(selectForHost([], HOST, whole).wanted).toHaveLength(2);
  });

  test("that lacks the host is refused with what it holds", () => {
    expect(() => selectForHost([{ sourceHost: "data-7" }], HOST, point)).toThrowError(/StatefulSet db data-0 \/a s0/);
  });
});

describe("snapshots are found", () => {
  let hour = 0;
  const aSnapshot = (id: string, change: Partial<ListedSnapshot> = {}): ListedSnapshot => ({
    id,
    time: `2026-01-01T${String(hour++).padStart(2, "0")}:00:00.123456789Z`,
    hostname: "data-1",
    paths: ["/a"],
    tags: [OWN],
    ...change,
  });
  const byPath = (...paths: readonly string[]) => selectForHost([{ paths }], HOST, undefined);

  test("the newest of the path and of the source host", () => {
    const all = [aSnapshot("old"), aSnapshot("new"), aSnapshot("other", { hostname: "data-2" })];
    expect(resolveSnapshots(byPath("/a"), all, OWN)).toMatchObject([{ id: "new" }]);
  });

  test("L43: never of another host or target that happens to have the same path", () => {
    const all = [aSnapshot("own"), aSnapshot("foreign", { tags: ["target=Deployment/demo/web"] })];
    expect(resolveSnapshots(byPath("/a"), all, OWN)).toMatchObject([{ id: "own" }]);
  });

  test("those that upstream made, which have no tag", () => {
    const all = [aSnapshot("upstream", { tags: [] }), aSnapshot("foreign", { tags: ["target=Deployment/x/y"] })];
    expect(resolveSnapshots(byPath("/a"), all, OWN)).toMatchObject([{ id: "upstream" }]);
  });

  test("L44: for claims that are made, those of the only target of that namespace that has such a host", () => {
    const claims = "target=EmptyTarget/demo/na";
    const ofDb = aSnapshot("db", { tags: ["target=StatefulSet/demo/db"] });
    const elsewhere = aSnapshot("x", { tags: ["target=StatefulSet/other/db"] });
    expect(resolveSnapshots(byPath("/a"), [ofDb], claims)).toMatchObject([{ id: "db" }]);
    for (const all of [[elsewhere], [ofDb, elsewhere]]) {
      expect(() => resolveSnapshots(byPath("/a"), all, claims)).toThrowError(/does not exist; target=StatefulSet/);
    }
  });

  test("never those of another target, be it the only one", () => {
    const one = aSnapshot("x", { tags: ["target=Deployment/x/y"] });
    const two = aSnapshot("z", { tags: ["target=Deployment/x/z", OWN] });
    for (const all of [[one], [one, two]]) {
      expect(() => resolveSnapshots(byPath("/a"), all, OWN)).toThrowError(/does not exist; target=Deployment\/x\//);
    }
  });

  test("of another claim of the namespace whose host a rule names, where it is the only one", () => {
    const selection = selectForHost([{ sourceHost: "files", paths: ["/a"] }], HOST, undefined);
    const of = (id: string, tag: string) => aSnapshot(id, { hostname: "files", tags: [tag] });
    const files = of("x", "target=PersistentVolumeClaim/demo/files");
    expect(resolveSnapshots(selection, [files], OWN)).toMatchObject([{ id: "x" }]);
    for (const all of [
      [files, of("y", "target=Deployment/demo/files")],
      [of("y", "target=PersistentVolumeClaim/evil/files")],
    ]) {
      expect(() => resolveSnapshots(selection, all, OWN)).toThrowError(/does not exist; target=/);
    }
  });

  test("by the beginning of an id, the own host's first", () => {
    const all = [aSnapshot("abcd1", { hostname: "other" }), aSnapshot("abcd2")];
    const selection = selectForHost([{ snapshots: ["abcd"] }], HOST, undefined);
    expect(resolveSnapshots(selection, all, OWN)).toMatchObject([{ id: "abcd2" }]);
  });

  test("or the error lists what exists", () => {
    expect(() => resolveSnapshots(byPath("/b"), [aSnapshot("0123456789")], OWN)).toThrowError(
      /snapshot of path \/b of host data-1 does not exist; there are 01234567 2026-01-01T..:00:00 data-1 \/a/,
    );
    expect(() => resolveSnapshots(byPath("/b"), [], OWN)).toThrowError(/the repository holds no snapshot/);
  });

  test("paths within each other are refused by rules, and restored from the outer to the inner in a recovery point", () => {
    const all = [aSnapshot("inner", { paths: ["/a/b"] }), aSnapshot("outer")];
    expect(() => resolveSnapshots(byPath("/a", "/a/b"), all, OWN)).toThrowError(
      expect.objectContaining({ code: "PATHS_OVERLAP" }),
    );
    const snapshots = all.map(({ id, paths }) => ({ target: TARGET, hostname: "data-1", id, path: paths[0] ?? "" }));
    const selection = selectForHost([], HOST, { snapshots });
    expect(resolveSnapshots(selection, all, OWN).map(({ id }) => id)).toEqual(["outer", "inner"]);
  });

  test("paths that only begin alike are apart", () => {
    const all = [aSnapshot("one"), aSnapshot("two", { paths: ["/ab"] })];
    expect(resolveSnapshots(byPath("/a", "/ab"), all, OWN)).toHaveLength(2);
  });
});

describe("C02: a path of a rule", () => {
  test("selects the snapshot of the same path, however each of them is written", () => {
    const rules = [{ paths: ["/a/", "//a"] }];
    expect(selectForHost(rules, HOST, undefined).wanted).toEqual([{ by: "path", path: "/a" }]);
    const point = { session: "s", snapshots: [{ target: TARGET, hostname: "data-1", path: "/a/", id: "s1" }] };
    expect(selectForHost(rules, HOST, point).wanted).toEqual([{ by: "id", id: "s1", path: "/a" }]);
  });
});

describe("D1: a snapshot that is not whole", () => {
  const at = (id: string, day: number, tags: readonly string[]): ListedSnapshot => ({
    id,
    time: `2026-01-0${day}T00:00:00Z`,
    hostname: "data-1",
    paths: ["/a"],
    tags: [OWN, ...tags],
  });
  const existing = [at("whole", 1, []), at("part", 2, ["incomplete=FILES_UNREADABLE"])];
  const choose = (rule: { readonly paths?: readonly string[]; readonly snapshots?: readonly string[] }) =>
    resolveSnapshots(selectForHost([rule], HOST, undefined), existing, OWN).map(({ id }) => id);

  test("is taken by no path and by no 'latest', and by its id", () => {
    expect(choose({ paths: ["/a"] })).toEqual(["whole"]);
    expect(choose({ snapshots: ["latest"] })).toEqual(["whole"]);
    expect(choose({ snapshots: ["part"] })).toEqual(["part"]);
  });
});

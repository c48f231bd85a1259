import { describe, expect, test } from "vitest";
import {
  holdsMember,
  isNamed,
  readRecoveryPoints,
  selectCandidates,
} from "../../../../shared/snapshots/recovery-points.ts";
import type { ListedSnapshot } from "../../../../shared/target/restore-rules.ts";

interface Written {
  readonly session: string;
  readonly id?: string;
  readonly target?: string;
  readonly hostname?: string;
  readonly path?: string;
  readonly time?: string;
  readonly tags?: readonly string[];
}

function aSnapshot(written: Written): ListedSnapshot {
  const { session, target = "Deployment/demo/web", hostname = "web", path = "/data", tags = [] } = written;
  return {
    id: written.id ?? `${session}-${hostname}-${path}`,
    time: written.time ?? "2026-01-01T00:00:05.123456789Z",
    hostname,
    paths: [path],
    tags: [`session=demo/${session}`, "invoker=BackupBatch/demo/nightly", `target=${target}`, ...tags],
  };
}

function aMember(alias: string, rules: readonly { readonly sourceHost?: string }[] = []) {
  return {
    alias,
    ref: { apiVersion: "apps/v1", kind: "Deployment", namespace: "demo", name: alias },
    target: { rules },
  };
}

describe("a recovery point's time", () => {
  test("is the one that its snapshots carry", () => {
    const snapshot = aSnapshot({ session: "now", tags: ["time=2026-01-01T00:00:00Z"] });
    expect(readRecoveryPoints([snapshot])).toMatchObject([{ time: "2026-01-01T00:00:00Z" }]);
  });

  test("is the due second in the name of a scheduled session where they carry none", () => {
    const found = readRecoveryPoints([aSnapshot({ session: "nightly-1767225600" })]);
    expect(found).toMatchObject([{ time: "2026-01-01T00:00:00.000Z" }]);
  });

  test("is that of its oldest snapshot otherwise, whatever ten digits a name ends in", () => {
    const at = (second: number, host: string) =>
      aSnapshot({ session: "other-1767225600", hostname: host, time: `2026-01-01T00:00:0${second}.5Z` });
    expect(readRecoveryPoints([at(3, "a"), at(2, "b")])).toMatchObject([{ time: "2026-01-01T00:00:02.500Z" }]);
  });
});

describe("what belongs to a recovery point", () => {
  test("are all snapshots with the session's tag, newest point first, and none without tags", () => {
    const found = readRecoveryPoints([
      aSnapshot({ session: "one", tags: ["time=2026-01-01T00:00:00Z"] }),
      aSnapshot({ session: "two", tags: ["time=2026-01-02T00:00:00Z"] }),
      aSnapshot({ session: "one", hostname: "db", target: "StatefulSet/demo/db" }),
      { ...aSnapshot({ session: "upstream" }), tags: [] },
    ]);
    expect(found.map(({ session, snapshots }) => [session, snapshots.map(({ hostname }) => hostname)])).toEqual([
      ["two", ["web"]],
      ["one", ["web", "db"]],
    ]);
  });

  test("is nothing of an earlier session of that name, which was deleted since", () => {
    const tags = (day: number) => [`time=2026-01-0${day}T00:00:00Z`, "hosts=1", "paths=1"];
    const old = ["web", "db"].map((name) =>
      aSnapshot({
        session: "now",
        target: `Deployment/demo/${name}`,
        hostname: name,
        id: `old-${name}`,
        tags: tags(1),
      }),
    );
    const young = aSnapshot({ session: "now", id: "young-web", tags: tags(2) });
    expect(
      readRecoveryPoints([...old, young]).map(({ time, snapshots }) => [time, snapshots.map(({ id }) => id)]),
    ).toEqual([
      ["2026-01-02T00:00:00Z", ["young-web"]],
      ["2026-01-01T00:00:00Z", ["old-web", "old-db"]],
    ]);
  });

  test("is what an older agent saved without a time, where there is one session of that name and it lacks that", () => {
    const timed = aSnapshot({ session: "now", tags: ["time=2026-01-01T00:00:00Z"] });
    const db = aSnapshot({ session: "now", hostname: "db", target: "Deployment/demo/db" });
    const again = aSnapshot({ session: "now", id: "again" });
    const points = readRecoveryPoints([db, timed, again]);
    expect(points.map(({ snapshots }) => snapshots.map(({ id }) => id))).toEqual([
      ["again"],
      ["now-db-/data", "now-web-/data"],
    ]);
  });

  test("is the newer one of two snapshots of the same path", () => {
    const old = aSnapshot({ session: "one", id: "old", time: "2026-01-01T00:00:01Z" });
    const young = aSnapshot({ session: "one", id: "young", time: "2026-01-01T00:00:02Z" });
    expect(readRecoveryPoints([young, old])[0]?.snapshots).toMatchObject([{ id: "young" }]);
  });

  test("is nothing of a target of which a host lacks a path", () => {
    const tags = ["paths=2"];
    const whole = ["/a", "/b"].map((path) =>
      aSnapshot({ session: "one", hostname: "db-0", path, tags, target: "S/demo/db" }),
    );
    const half = aSnapshot({ session: "one", hostname: "db-1", path: "/a", tags, target: "S/demo/db" });
    const other = aSnapshot({ session: "one", tags: ["paths=1"] });
    expect(readRecoveryPoints([...whole, half, other])[0]?.snapshots).toMatchObject([{ hostname: "web" }]);
    expect(readRecoveryPoints(whole)[0]?.snapshots).toMatchObject([{ paths: 2 }, { paths: 2 }]);
    expect(readRecoveryPoints([other])[0]?.snapshots[0]).not.toHaveProperty("paths");
  });
});

describe("D25: a recovery point", () => {
  const ofHost = (host: number, hosts: number, tags: readonly string[] = []) =>
    aSnapshot({
      session: "one",
      hostname: `node-${host}`,
      target: "DaemonSet/demo/agent",
      tags: [`hosts=${hosts}`, ...tags],
    });

  test("holds nothing of a member of which a host is missing, though its session is gone", () => {
    const other = aSnapshot({ session: "one", tags: ["hosts=1"] });
    const names = (snapshots: readonly ListedSnapshot[]) =>
      readRecoveryPoints(snapshots)[0]?.snapshots.map(({ hostname }) => hostname);
    expect(names([ofHost(1, 3), ofHost(2, 3), other])).toEqual(["web"]);
    expect(names([ofHost(1, 3), ofHost(2, 3), ofHost(3, 3), other])).toEqual(["node-1", "node-2", "node-3", "web"]);
    // The same target twice under two aliases.
    const twice = [ofHost(1, 1, ["member=1/2"]), ofHost(2, 2, ["member=2/2"])];
    expect(names(twice)).toEqual(["node-1"]);
  });

  test("is of one cluster alone, though two have sessions of the same name", () => {
    const tagged = (cluster: string, hostname: string, target = "Deployment/demo/web"): ListedSnapshot => ({
      ...aSnapshot({ session: "one", hostname, id: `${cluster}-${hostname}` }),
      tags: ["session=demo/one", `invoker=BackupBatch/demo/nightly${cluster}`, `target=${target}`],
    });
    const pointsOf = (snapshots: readonly ListedSnapshot[]) =>
      readRecoveryPoints(snapshots).map(({ cluster, snapshots: own }) => [cluster, own.map(({ id }) => id)]);
    const both = [tagged("/a", "web"), tagged("/b", "web")];
    expect(pointsOf(both)).toEqual([
      ["a", ["/a-web"]],
      ["b", ["/b-web"]],
    ]);
    // What names none belongs to the only one that there is, as far as that lacks it.
    const older = [tagged("", "web"), tagged("", "db", "StatefulSet/demo/db")];
    expect(pointsOf([tagged("/a", "web"), ...older])).toEqual([["a", ["-db", "/a-web"]]]);
    expect(pointsOf([...both, ...older])).toHaveLength(3);
    expect(pointsOf(older)).toEqual([[undefined, ["-web", "-db"]]]);
  });
});

test("a member is held by its target, its alias, or the host that a rule names", () => {
  const [point] = readRecoveryPoints([aSnapshot({ session: "one", hostname: "front", target: "Deployment/prod/web" })]);
  const holds = (member: ReturnType<typeof aMember>) => point !== undefined && holdsMember(point, member);
  expect(holds(aMember("web"))).toBe(true);
  expect(holds(aMember("front"))).toBe(true);
  expect(holds(aMember("shop"))).toBe(false);
  expect(holds(aMember("shop", [{ sourceHost: "front" }]))).toBe(true);
});

test("claims that belong to no target and have no alias are told apart by their hosts alone", () => {
  const [point] = readRecoveryPoints([aSnapshot({ session: "one" })]);
  const ref = { apiVersion: "na", kind: "EmptyTarget", namespace: "demo", name: "na" };
  expect(point !== undefined && holdsMember(point, { alias: undefined, ref, target: {} })).toBe(true);
});

test("a point is named with or without its namespace", () => {
  const [point] = readRecoveryPoints([aSnapshot({ session: "one" })]);
  const names = ["one", "demo/one", "prod/one", "on"];
  expect(names.filter((name) => point !== undefined && isNamed(point, name))).toEqual(["one", "demo/one"]);
});

describe("candidates", () => {
  const points = readRecoveryPoints(
    Array.from({ length: 30 }, (_, day) =>
      aSnapshot({ session: `day-${day}`, tags: [`time=2026-01-${String(day + 1).padStart(2, "0")}T00:00:00Z`] }),
    ),
  );
  const names = (wanted: Parameters<typeof selectCandidates>[1]) =>
    selectCandidates(points, wanted).map(({ session }) => session);

  test("are the newest at or before the time", () => {
    const asOfMs = Date.parse("2026-01-12T00:00:00Z");
    expect(names({ session: undefined, asOfMs, members: [aMember("web")] })).toEqual(
      Array.from({ length: 10 }, (_, at) => `day-${11 - at}`),
    );
  });

  test("begin with the named one, however old", () => {
    const found = names({ session: "day-2", asOfMs: undefined, members: [aMember("web")] });
    expect(found.slice(0, 2)).toEqual(["day-2", "day-29"]);
    expect(found).toHaveLength(10);
  });

  test("are younger ones when none is old enough, so that people see what there is", () => {
    expect(names({ session: undefined, asOfMs: 0, members: [aMember("web")] })[0]).toBe("day-29");
  });

  test("are none that lack a member", () => {
    expect(names({ session: undefined, asOfMs: undefined, members: [aMember("web"), aMember("db")] })).toEqual([]);
  });

  test("of another namespace come along, though a neighbour has many newer ones", () => {
    const own = readRecoveryPoints([
      {
        ...aSnapshot({ session: "mine" }),
        tags: ["session=prod/mine", "target=Deployment/prod/web", "time=2025-01-01T00:00:00Z"],
      },
    ]);
    const found = selectCandidates([...points, ...own], {
      session: undefined,
      asOfMs: undefined,
      members: [aMember("web")],
    });
    expect(found.map(({ namespace }) => namespace)).toContain("prod");
  });

  test("hold no more snapshots than fit into a status", () => {
    const large = readRecoveryPoints(
      [1, 2].flatMap((session) =>
        Array.from({ length: 1_500 }, (_, at) => aSnapshot({ session: `s${session}`, hostname: `web-${at}` })),
      ),
    );
    const found = selectCandidates(large, { session: undefined, asOfMs: undefined, members: [aMember("web")] });
    expect(found).toHaveLength(1);
  });
});

describe("D1: a recovery point", () => {
  test("has nothing of a snapshot that is not whole", () => {
    const whole = aSnapshot({ session: "one", hostname: "a" });
    const part = aSnapshot({ session: "one", hostname: "b", tags: ["incomplete=FILES_UNREADABLE"] });
    expect(readRecoveryPoints([whole, part])[0]?.snapshots.map(({ hostname }) => hostname)).toEqual(["a"]);
    expect(readRecoveryPoints([part])).toEqual([]);
  });

  test("tells how many files its snapshots lack", () => {
    const one = aSnapshot({ session: "one", hostname: "a", tags: ["unreadable=2"] });
    const other = aSnapshot({ session: "one", hostname: "b", tags: ["unreadable=3"] });
    expect(readRecoveryPoints([one, other])[0]?.unreadableFiles).toBe(5);
    expect(readRecoveryPoints([aSnapshot({ session: "one" })])[0]).not.toHaveProperty("unreadableFiles");
  });
});

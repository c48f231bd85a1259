import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../../../agent/restic/snapshots.ts";
import { faultOfAnswer } from "../../../../agent/verify/databases/decide-answer.ts";
import { faultOfDump } from "../../../../agent/verify/databases/decide-dump.ts";
import { commonTags, judgeNewer, judgeSnapshot } from "../../../../agent/verify/decide-snapshot.ts";
import { createFindings } from "../../../../agent/verify/findings.ts";
import { placeOf, restoredPathOf } from "../../../../agent/verify/places.ts";
import { asPattern, createSample, parseSample } from "../../../../agent/verify/sample.ts";
import { asShown } from "../../../../agent/verify/shown-name.ts";

const ID = "0123456789abcdef".repeat(4);
const SNAPSHOT: Snapshot = {
  id: ID,
  time: "2026-01-01T00:00:00Z",
  hostname: "host-0",
  paths: ["/data"],
  tags: ["session=demo/one", "target=deployments/demo/web"],
};
const ORDERED = { id: ID, host: "host-0", path: "/data", tags: SNAPSHOT.tags };

describe("a snapshot", () => {
  test("that the application saved is none of another's", () => {
    expect(judgeSnapshot(ORDERED, SNAPSHOT)).toEqual([]);
    expect(judgeSnapshot({ ...ORDERED, recordedId: ID.slice(0, 8) }, SNAPSHOT)).toEqual([]);
    expect(
      judgeSnapshot({ ...ORDERED, recordedId: "f".repeat(64) }, { ...SNAPSHOT, original: "f".repeat(64) }),
    ).toEqual([]);
    expect(judgeSnapshot({ ...ORDERED, path: "dumpfile.sql" }, { ...SNAPSHOT, paths: ["/dumpfile.sql"] })).toEqual([]);
  });

  test.each([
    ["of another host", { host: "host-1" }],
    ["of another path", { path: "/other" }],
    ["without a tag", { tags: ["session=demo/two"] }],
    ["in whose place another was recorded", { recordedId: "f".repeat(64) }],
  ])("%s is foreign", (_what, change) => {
    expect(judgeSnapshot({ ...ORDERED, ...change }, SNAPSHOT)).toMatchObject([{ code: "SNAPSHOT_FOREIGN" }]);
  });
});

describe("a newer snapshot under the same tags", () => {
  const recorded = { ...ORDERED, recordedId: ID };
  const invoker = "invoker=BackupBatch/demo/app/here";
  const own = { ...SNAPSHOT, tags: [...SNAPSHOT.tags, invoker, "time=2026-01-01T00:00:00Z"] };
  const other = { ...own, id: "e".repeat(64), time: "2026-01-01T00:00:01Z" };

  test("is foreign: a restore would take it in place of what the session saved", () => {
    expect(judgeNewer(recorded, [own])).toEqual([]);
    expect(judgeNewer(recorded, [own, other])).toMatchObject([{ code: "SNAPSHOT_FOREIGN", path: "/data" }]);
    // The tags that tell clusters and times apart are no protection to who leaves them out.
    expect(judgeNewer(recorded, [own, { ...other, tags: SNAPSHOT.tags }])).toHaveLength(1);
    expect(judgeNewer(recorded, [other])).toEqual([]);
  });

  test.each([
    ["older, as what a backup left that was begun again", { time: "2025-12-31T00:00:00Z" }],
    ["of another host", { hostname: "host-1" }],
    ["of another path", { paths: ["/other"] }],
    ["of another target", { tags: ["session=demo/one", "target=deployments/demo/other", invoker] }],
    ["of another cluster", { tags: [...SNAPSHOT.tags, "invoker=BackupBatch/demo/app/there"] }],
    ["of an earlier session of the name", { tags: [...SNAPSHOT.tags, invoker, "time=2025-01-01T00:00:00Z"] }],
    ["the same with other tags", { original: ID }],
  ])("%s is none", (_what, change) => {
    expect(judgeNewer(recorded, [own, { ...other, ...change }])).toEqual([]);
  });

  test("is looked for by what all snapshots of the session have", () => {
    expect(commonTags([{ tags: ["session=a", "target=1"] }, { tags: ["session=a", "target=2"] }])).toEqual([
      "session=a",
    ]);
    expect(commonTags([{ tags: ["session=a"] }, {}])).toEqual([]);
  });
});

describe("an answer", () => {
  test.each([
    ["5", { equals: "5" }],
    ["5", { min: "5", max: "5" }],
    ["5.5", { min: "5", max: "6" }],
    ["9007199254740993", { min: "9007199254740993" }],
    ["-3", { max: "-2" }],
    ["", { equals: "" }],
  ])("%j is as %j says", (value, expectation) => {
    expect(faultOfAnswer(value, expectation)).toBeUndefined();
  });

  test.each([
    ["5", { equals: "5.0" }],
    ["4", { min: "5" }],
    ["6", { max: "5" }],
    ["9007199254740992", { min: "9007199254740993" }],
    ["", { min: "0" }],
    ["NULL", { min: "0" }],
    ["many", { max: "5" }],
    ["5", { min: "few" }],
    ["5", {}],
    ["5\n6", { min: "0" }],
  ])("%j is not as %j says", (value, expectation) => {
    expect(faultOfAnswer(value, expectation)).toEqual(expect.any(String));
  });
});

describe("a dump", () => {
  const mariadb = "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n--\n";
  const postgres = "--\n-- PostgreSQL database dump\n--\n\n\\restrict x\n";
  const cluster = "--\n-- PostgreSQL database cluster dump\n--\n";

  test.each([
    [mariadb, "/*!40111 SET SQL_NOTES=@OLD */;\n\n-- Dump completed on 2026-01-01\n"],
    [mariadb, "-- Dump completed\n"],
    [postgres, "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict x\n\n"],
    [cluster, "--\n-- PostgreSQL database cluster dump complete\n--\n"],
    ["CREATE TABLE a (x INT);\n", "INSERT INTO a VALUES (1);\n"],
    ["COPY a FROM stdin;\n", "1\n\\.\n"],
  ])("with its end is whole: %j", (head, tail) => {
    expect(faultOfDump({ head, tail })).toBeUndefined();
  });

  test.each([
    [mariadb, "INSERT INTO a VALUES (1);\n"],
    [postgres, "COPY a FROM stdin;\n1\n"],
    [cluster, "-- PostgreSQL database dump complete\n--\n"],
    ["CREATE TABLE a (x INT);\n", "INSERT INTO a VALUES (1),(2"],
    ["", ""],
    ["", "\n"],
  ])("without it is not: %j", (head, tail) => {
    expect(faultOfDump({ head, tail })).toEqual(expect.any(String));
  });
});

describe("a sample", () => {
  const paths = Array.from({ length: 2_000 }, (_one, at) => `/data/${at}`);
  const choose = (seed: string, share: number, offered: readonly string[] = paths) => {
    const sample = createSample(seed, share);
    for (const path of offered) sample.offer(path);
    return sample.chosen();
  };

  test("follows from its seed alone, and another seed makes another", () => {
    expect(choose("a", 0.05)).toEqual(choose("a", 0.05));
    expect(choose("a", 0.05, paths.toReversed()).toSorted()).toEqual(choose("a", 0.05).toSorted());
    expect(choose("a", 0.05)).not.toEqual(choose("b", 0.05));
  });

  test("is about as large as it says, and never empty", () => {
    expect(choose("a", 0.05).length).toBeGreaterThan(60);
    expect(choose("a", 0.05).length).toBeLessThan(140);
    expect(choose("a", 0.000001)).toHaveLength(1);
    expect(choose("a", 0.5, [])).toEqual([]);
  });

  test("holds no name that a pattern can't", () => {
    expect(choose("a", 1, ["/data/a\nb", "/data/c ", "/data/d\ufffd", "/data/e f"])).toEqual(["/data/e f"]);
    expect(asPattern("/a*b?[c]\\$d")).toBe("/a\\*b\\?\\[c]\\\\$$d");
  });

  test("is written as a percentage", () => {
    expect(parseSample("2%")).toBe(0.02);
    expect(parseSample("0.5%")).toBe(0.005);
    expect([undefined, "", "100%"].map(parseSample)).toEqual([undefined, undefined, undefined]);
    for (const text of ["0%", "101%", "2", "-1%", "x%", "1e1%", "%"]) {
      expect(() => parseSample(text)).toThrow(expect.objectContaining({ code: "INVALID_OBJECT" }));
    }
  });
});

test("where an entry was restored to is below the folder of its path alone", () => {
  const where = restoredPathOf({ id: ID, host: "h", path: "/var/www/", restoredTo: "/drill/web/" });
  expect(where).toEqual({ path: "/var/www", restoredTo: "/drill/web" });
  if (where === undefined) throw new Error("no place");
  expect(placeOf("/var/www", where)).toBe("/drill/web");
  expect(placeOf("/var/www/a/b", where)).toBe("/drill/web/a/b");
  expect(placeOf("/var", where)).toBeUndefined();
  expect(placeOf("/var/www-other/a", where)).toBeUndefined();
  expect(placeOf("/a", { path: "", restoredTo: "" })).toBe("/a");
});

test("findings are all counted, some told, and none is longer than a status bears", () => {
  const findings = createFindings((text) => text.replaceAll("secret", "***"));
  for (let at = 0; at < 50; at += 1) {
    findings.add({ code: "RESTORED_FILE_MISSING", path: `/${"x".repeat(5_000)}`, message: "the secret file is gone" });
  }
  expect(findings.count()).toBe(50);
  expect(findings.told()).toHaveLength(20);
  expect(findings.told()[0]?.path?.length).toBe(1_024);
  expect(findings.told()[0]?.message).toBe("the *** file is gone");
});

test("names that are no UTF-8 are shown as restic shows them", () => {
  expect(asShown(Buffer.from([0x6f, 0xff, 0xc3, 0x6e]))).toBe("o\ufffd\ufffdn");
  expect(asShown(Buffer.from("naïve 🦆"))).toBe("naïve 🦆");
  expect(asShown(Buffer.from([0xe2, 0x82]))).toBe("\ufffd\ufffd");
});

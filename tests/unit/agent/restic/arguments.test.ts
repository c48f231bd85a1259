import { expect, test } from "vitest";
import {
  backupArguments,
  plainArguments,
  restoreArguments,
  snapshotsArguments,
  withPriority,
} from "../../../../agent/restic/arguments.ts";
import { buildGoMemoryEnv } from "../../../../agent/restic/memory.ts";

const COMMON = { flags: ["--cacert", "/ca"], isCacheEnabled: true, cacheFolder: "/cache" };

test("a path is the last argument and can't be taken for a flag; what is ours comes after the user's own", () => {
  const backup = { path: "-rf", host: "host-0", tags: ["a=1"], exclude: ["*.tmp", "a,b"], args: ["--one-file-system"] };
  expect(backupArguments(backup, COMMON)).toEqual([
    ...["backup", "--tag", "a=1", "--exclude", "*.tmp", "--exclude", "a,b", "--one-file-system"],
    ...[
      "--json",
      "--quiet=false",
      "--host",
      "host-0",
      "--cacert",
      "/ca",
      "--cache-dir",
      "/cache",
      "--cleanup-cache",
      "--",
      "-rf",
    ],
  ]);
});

test("L48: a pattern with a comma stays one pattern", () => {
  const restore = {
    snapshotId: "abc",
    targetFolder: "/",
    include: ["a,b"],
    exclude: [],
    args: ["--x", "--y"],
    isVerified: true,
  };
  expect(restoreArguments(restore, { flags: [], isCacheEnabled: false })).toEqual([
    ...["restore", "--include", "a,b", "--x", "--y", "--target", "/", "--json=false", "--quiet=false", "--verify"],
    ...["--no-cache", "--", "abc"],
  ]);
});

test("all snapshots are listed, whichever are wanted: what is known of one may stand in another", () => {
  const command = snapshotsArguments({ flags: [], isCacheEnabled: false });
  expect(command).toEqual(["snapshots", "--json", "--no-lock", "--no-cache"]);
});

test("what stands behind -- in a person's command stays behind it", () => {
  expect(plainArguments(["ls", "--json", "--", "abc", "--x"], COMMON)).toEqual([
    ...["ls", "--json", "--cacert", "/ca", "--cache-dir", "/cache", "--", "abc", "--x"],
  ]);
  expect(plainArguments(["key", "list"], { flags: [], isCacheEnabled: false })).toEqual(["key", "list", "--no-cache"]);
});

test("L67: nice and ionice stand before the program", () => {
  const env = { niceAdjustment: "10", ioniceClass: "2", ioniceClassData: "7" };
  expect(withPriority(["restic"], env)).toEqual(["ionice", "-c", "2", "-n", "7", "nice", "-n", "10", "restic"]);
  expect(withPriority(["restic"], {})).toEqual(["restic"]);
});

test("restic's collector knows the container's limit", () => {
  expect(buildGoMemoryEnv(undefined)).toEqual({});
  expect(buildGoMemoryEnv(256 * 2 ** 20)).toEqual({ GOMEMLIMIT: String(Math.floor(192 * 2 ** 20 * 0.9)), GOGC: "50" });
  expect(buildGoMemoryEnv(4 * 2 ** 30)).not.toHaveProperty("GOGC");
  expect(buildGoMemoryEnv(10)).toMatchObject({ GOMEMLIMIT: String(64 * 2 ** 20) });
});

/** Whole downloads, against repositories that mean harm, too. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { folderName } from "../../../../cli/download/place-entry.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { browse, wordsOf } from "../../../support/cli/browsed-repository.ts";
import { type MemoryApi, runLine, startMemoryApi } from "../../../support/cli/memory-api.ts";
import { aRepository, runWorkPods } from "../../../support/cli/work-pods.ts";

let api: MemoryApi;
let dir: string;
let into: string;

beforeEach(async () => {
  api = await startMemoryApi();
  dir = mkdtempSync(join(tmpdir(), "stash-download-"));
  into = join(dir, "deep/into");
  mkdirSync(into, { recursive: true });
  runWorkPods(api);
  api.put(KINDS.Repository, aRepository("store", "backend"));
});

afterEach(async () => {
  await api.stop();
  rmSync(dir, { recursive: true, force: true });
});

const download = (...words: readonly string[]) => runLine(api, ["download", ...words, "-o", into]);

test("files of several hosts lie each in a folder of the host's name, whatever that is", async () => {
  const hosts = ["../..", "..", "web-0", "a/b", "a%2Fb", `${into}/x`];
  api.executes = browse(hosts.map((hostname, at) => ({ id: `abcd000${at}`, hostname, paths: ["/data"] })));
  const { exitCode, notes } = await download("shop-1:web", "--repository=store");
  expect(exitCode, notes).toBe(0);
  expect(readdirSync(dir)).toEqual(["deep"]);
  expect(readdirSync(join(dir, "deep"))).toEqual(["into"]);
  expect(readdirSync(into)).toHaveLength(hosts.length);
  for (const [at, hostname] of hosts.entries()) {
    expect(readFileSync(join(into, folderName(hostname), "data/own"), "utf8")).toBe(`data of abcd000${at}`);
  }
  expect(existsSync(join(into, "web-0"))).toBe(true);
});

test("a link that lies where a host's folder would be leads nowhere", async () => {
  mkdirSync(join(dir, "outside"));
  symlinkSync(join(dir, "outside"), join(into, "web-1"));
  api.executes = browse(["web-0", "web-1"].map((hostname, at) => ({ id: `abcd000${at}`, hostname, paths: ["/data"] })));
  const { exitCode, notes } = await download("shop-1:web", "--repository=store");
  expect(exitCode, notes).toBe(0);
  expect(readdirSync(join(dir, "outside"))).toEqual([]);
  expect(readFileSync(join(into, "web-1/data/own"), "utf8")).toBe("data of abcd0001");
});

test("a path that looks like a flag is none", async () => {
  const asked: (readonly string[])[] = [];
  const answer = browse([{ id: "abcd0000", hostname: "web-0", paths: ["--password-command=touch evil"] }]);
  api.executes = (command) => {
    asked.push(command);
    return answer(command);
  };
  await download("shop-1:web", "--repository=store");
  const behindFlags = asked.filter((command) => command.some((word) => word.startsWith("--password-command")));
  expect(behindFlags.length).toBeGreaterThan(0);
  for (const command of behindFlags) expect(command.slice(-3)).toEqual(["--", "abcd0000", expect.any(String)]);
});

test("of snapshots that are named, a path alone comes, too", async () => {
  const asked: (readonly string[])[] = [];
  const answer = browse(["a", "b"].map((host, at) => ({ id: `abcd000${at}`, hostname: host, paths: ["/data"] })));
  api.executes = (command) => {
    if (command.includes("dump")) asked.push(wordsOf(command));
    return answer(command);
  };
  const { exitCode, notes } = await download("store", "/data/deep", "--snapshots=abcd0000,abcd0001");
  expect(exitCode, notes).toBe(0);
  expect(asked).toEqual([
    ["abcd0000", "/data/deep"],
    ["abcd0001", "/data/deep"],
  ]);
  expect(readFileSync(join(into, "abcd0001/data/deep/own"), "utf8")).toBe("data of abcd0001");
  asked.length = 0;
  await download("store", "/data", "--snapshots=abcd0000", "--include=/data/deep/own");
  expect(asked).toEqual([["abcd0000", "/data/deep/own"]]);
  expect((await download("store", "../data", "--snapshots=abcd0000")).exitCode).toBe(2);
});

test("the name of a folder is one segment, leads nowhere, and is that of one name alone", () => {
  const name = fc
    .array(fc.constantFrom("..", ".", "/", "\\", "%", "%2F", "a", "\0", "\n", "ü"))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(name, name, (one, other) => {
      const folder = folderName(one);
      expect(folder).not.toMatch(/[/\\\0]/);
      expect(["", ".", ".."]).not.toContain(folder);
      expect(folderName(other) === folder).toBe(one === other);
    }),
  );
  expect(folderName("db-0.shop")).toBe("db-0.shop");
});

import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readIncludes } from "../../../../cli/download/include.ts";
import { placeEntry, safeSegments } from "../../../../cli/download/place-entry.ts";
import { type TarEntry, tarEntries } from "../../../../cli/download/tar-entries.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stash-download-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** The archive that tar makes of a folder. */
function pack(folder: string, ...flags: readonly string[]): AsyncIterable<Buffer> {
  return spawn("tar", ["-C", folder, ...flags, "-cf", "-", "."]).stdout;
}

async function unpack(archive: AsyncIterable<Buffer>, into: string): Promise<readonly string[]> {
  const leftOut: string[] = [];
  for await (const entry of tarEntries(archive)) {
    const placed = await placeEntry(into, entry);
    if (placed.leftOut !== undefined) leftOut.push(entry.path);
  }
  return leftOut;
}

function anEntry(entry: Partial<TarEntry>): TarEntry {
  const data = Readable.from([Buffer.from("data")]);
  return { path: "file", type: "file", linkTarget: "", mode: 0o644, modifiedAt: 1, sizeBytes: 4, data, ...entry };
}

describe.each([["posix"], ["gnu"], ["ustar"]])("an archive of the format %s", (format) => {
  test("comes back as it was: names, links, modes, times, data", async () => {
    const from = join(dir, "from");
    const long = `${"long".repeat(20)}/${"name".repeat(12)}`;
    mkdirSync(join(from, long), { recursive: true });
    writeFileSync(join(from, long, "file"), Buffer.alloc(70_000, 7));
    writeFileSync(join(from, "empty"), "");
    if (format === "posix") writeFileSync(join(from, "ünïcode"), "ü");
    writeFileSync(join(from, "program"), "#!/bin/sh\n");
    chmodSync(join(from, "program"), 0o755);
    symlinkSync("program", join(from, "link"));
    execFileSync("ln", [join(from, "program"), join(from, "hard")]);
    const into = join(dir, "into");
    mkdirSync(into);
    // GNU's own records for long names are no part of what restic writes.
    if (format === "gnu") rmSync(join(from, "long".repeat(20)), { recursive: true });
    expect(await unpack(pack(from, `--format=${format}`), into)).toEqual([]);
    execFileSync("diff", ["-r", "--no-dereference", from, into]);
    expect(lstatSync(join(into, "program")).mode & 0o777).toBe(0o755);
    expect(lstatSync(join(into, "link")).isSymbolicLink()).toBe(true);
    expect(Math.floor(lstatSync(join(into, "program")).mtimeMs / 1_000)).toBe(
      Math.floor(lstatSync(join(from, "program")).mtimeMs / 1_000),
    );
  });
});

test("chunks may begin and end anywhere, and entries that nobody reads go by", async () => {
  const from = join(dir, "from");
  mkdirSync(from);
  for (const [name, size] of [
    ["a", 1],
    ["b", 512],
    ["c", 1_025],
  ] as const)
    writeFileSync(join(from, name), Buffer.alloc(size, name));
  const whole = execFileSync("tar", ["-C", from, "--format=posix", "--sort=name", "-cf", "-", "a", "b", "c"]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), fc.nat(2), async (sizes, read) => {
      const chunks: Buffer[] = [];
      for (let at = 0, turn = 0; at < whole.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        chunks.push(whole.subarray(at, at + size));
        at += size;
      }
      const seen: string[] = [];
      let bytes = "";
      for await (const { path, data } of tarEntries(Readable.from(chunks))) {
        seen.push(path);
        if (seen.length - 1 === read) for await (const chunk of data) bytes += chunk.toString();
      }
      expect(seen).toEqual(["a", "b", "c"]);
      expect(bytes).toBe(["a", "b".repeat(512), "c".repeat(1_025)][read]);
    }),
    { numRuns: 25 },
  );
});

test.each([
  ["half an archive", (whole: Buffer) => whole.subarray(0, 700)],
  ["what is no archive", () => Buffer.alloc(1_024, 65)],
  ["nothing", () => Buffer.alloc(0)],
])("%s is refused", async (_what, cut) => {
  writeFileSync(join(dir, "a"), Buffer.alloc(2_000));
  const whole = execFileSync("tar", ["-C", dir, "-cf", "-", "a"]);
  const bytes = cut(whole);
  await expect(unpack(Readable.from(bytes.length === 0 ? [] : [bytes]), dir)).rejects.toThrow(/archive/);
});

describe("what a backup holds can't reach out of the folder", () => {
  test.each([["../evil"], ["/a/../../evil"], [".."], ["a/\0b"]])("by the path %j", async (path) => {
    const into = join(dir, "into");
    mkdirSync(into);
    expect(await placeEntry(into, anEntry({ path }))).toMatchObject({ leftOut: expect.any(String) });
    expect(existsSync(join(dir, "evil"))).toBe(false);
  });

  test("by an absolute path, which lies below it", async () => {
    await placeEntry(dir, anEntry({ path: "/etc/file" }));
    expect(readFileSync(join(dir, "etc/file"), "utf8")).toBe("data");
  });

  test("through a link that came before, of the same download or an earlier one", async () => {
    const [into, outside] = [join(dir, "into"), join(dir, "outside")];
    mkdirSync(into);
    mkdirSync(outside);
    await placeEntry(into, anEntry({ path: "link", type: "symlink", linkTarget: outside }));
    await placeEntry(into, anEntry({ path: "link/evil" }));
    expect(existsSync(join(outside, "evil"))).toBe(false);
    expect(readFileSync(join(into, "link/evil"), "utf8")).toBe("data");
    symlinkSync(join(outside, "target"), join(into, "file"));
    await placeEntry(into, anEntry({ path: "file" }));
    expect(existsSync(join(outside, "target"))).toBe(false);
    writeFileSync(join(outside, "secret"), "secret");
    await placeEntry(into, anEntry({ path: "way", type: "symlink", linkTarget: outside }));
    await expect(
      placeEntry(into, anEntry({ path: "hard", type: "hardlink", linkTarget: "way/secret" })),
    ).rejects.toThrow();
    expect(existsSync(join(into, "hard"))).toBe(false);
    expect(
      await placeEntry(into, anEntry({ path: "hard", type: "hardlink", linkTarget: "../outside/secret" })),
    ).toMatchObject({
      leftOut: expect.any(String),
    });
  });

  test("as a device", async () => {
    expect(await placeEntry(dir, anEntry({ type: "other" }))).toMatchObject({ leftOut: expect.any(String) });
  });

  test("by any path at all", () => {
    const part = fc.constantFrom("..", ".", "", "a", "b\0", "…");
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const segments = safeSegments(parts.join("/"));
        expect(segments?.some((one) => one === ".." || one === "" || one.includes("\0")) ?? false).toBe(false);
      }),
    );
  });
});

describe("--include", () => {
  test.each([
    ["*.php", "/data/a/b.php", true],
    ["*.php", "/data/a/b.php/inside", true],
    ["*.php", "/data/a/b.phpx", false],
    ["/data/*", "/data/a/deep", true],
    ["/data/*", "/data", false],
    ["/data/**/x", "/data/a/b/x", true],
    ["fil?", "/data/deep/er/file", true],
    ["a.b", "/axb", false],
    ["uploads", "/data/uploads/1/2", true],
    ["/", "/anything", true],
  ])("%s and %s: %s", (pattern, path, isMeant) => {
    expect(readIncludes([pattern]).has(path)).toBe(isMeant);
  });

  test("tells the folder that is enough to read", () => {
    expect(readIncludes(["/data/uploads/*.jpg"]).root).toBe("/data/uploads");
    expect(readIncludes(["/data/uploads/a", "/data/other"]).root).toBe("/data");
    expect(readIncludes(["/data/uploads", "*.jpg"]).root).toBe("/");
    expect(readIncludes([]).root).toBe("/");
  });

  test("takes linear time", () => {
    const begin = performance.now();
    readIncludes([`${"*a".repeat(100)}b`]).has(`/${"a".repeat(5_000)}`);
    expect(performance.now() - begin).toBeLessThan(2_000);
  });
});

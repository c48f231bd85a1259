import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { itemKindOf, type Looks } from "../../../../agent/backup/item-kind.ts";

test("what is there is a folder or not, and what is not listed is missing, with its folder or alone", () => {
  const dir = mkdtempSync(join(tmpdir(), "stash-batch-kind-"));
  try {
    mkdirSync(join(dir, "folder"));
    writeFileSync(join(dir, "file"), "");
    symlinkSync("nowhere", join(dir, "link"));
    const kinds = ["folder", "file", "link", "gone", "gone/deeper/still"].map((name) => itemKindOf(join(dir, name)));
    expect(kinds).toEqual(["folder", "other", "other", "missing", "missing"]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

/** As a server that lists names which nobody can open: by colons, by blanks at the end, by a mount that is away. */
function aServer(names: Readonly<Record<string, "folder" | "file">>): Looks {
  return {
    stat: (path) => (path === "/data" || path === "/" ? { isDirectory: () => true, uid: 1000 } : undefined),
    list: (folder) =>
      folder === "/data"
        ? Object.entries(names).map(([name, kind]) => ({ name, isDirectory: () => kind === "folder" }))
        : [{ name: "data", isDirectory: () => true }],
  };
}

test("E1: what its folder lists is not missing, be it that nobody can open it", () => {
  const looks = aServer({ "a:b.doc": "file", "mount ": "folder", "x\ufffd\ufffd": "file" });
  expect(itemKindOf("/data/a:b.doc", looks)).toBe("other");
  expect(itemKindOf("/data/mount ", looks)).toBe("folder");
  expect(itemKindOf("/data/x\ufffd", looks)).toBe("other");
  expect(itemKindOf("/data/mount /inner", looks)).toBe("unseen");
  expect(itemKindOf("/data/mount", looks)).toBe("missing");
  expect(itemKindOf("/data/gone/inner", looks)).toBe("missing");
});

test("what can't be looked at is not missing", () => {
  const denied = (): never => {
    throw Object.assign(new Error("stale"), { code: "ESTALE" });
  };
  expect(itemKindOf("/data/x", { stat: denied, list: denied })).toBe("unseen");
  expect(itemKindOf("/data/x", { ...aServer({}), list: denied })).toBe("unseen");
});

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeTermination } from "../../../agent/termination.ts";

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stash-batch-termination-"));
  path = join(dir, "termination-log");
  writeFileSync(path, "");
});

afterEach(() => rmSync(dir, { recursive: true }));

test("E13: the last message stands alone, also after a longer one", () => {
  writeTermination("the restore has not been read yet", path);
  writeTermination("restored", path);
  expect(readFileSync(path, "utf8")).toBe("restored");
});

test("a message is cut at what Kubernetes shows, not within a character", () => {
  writeTermination(`a${"é".repeat(4_000)}`, path);
  const text = readFileSync(path, "utf8");
  expect(Buffer.byteLength(text)).toBe(4_095);
  expect(text).toBe(`a${"é".repeat(2_047)}`);
});

test("where the kubelet has no file none is made", () => {
  rmSync(path);
  writeTermination("x", path);
  expect(existsSync(path)).toBe(false);
});

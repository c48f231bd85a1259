/** The repositories that tests begin with are repositories: to restic, as old and as new as it is used. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeEmptyRepository } from "../support/restic/empty-repository.ts";

const dir = mkdtempSync(join(tmpdir(), "stash-batch-empty-"));

afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("restic saves into a repository that was written by us, finds no fault in it, and opens it by its password alone", () => {
  const restic = (password: string, ...args: readonly string[]) =>
    execFileSync("restic", ["--no-cache", "-r", join(dir, "repository"), ...args], {
      env: { PATH: process.env["PATH"], RESTIC_PASSWORD: password },
      encoding: "utf8",
      stdio: "pipe",
    });
  writeEmptyRepository(join(dir, "repository"), "pässword");
  writeFileSync(join(dir, "file"), "content");
  restic("pässword", "backup", join(dir, "file"));
  expect(restic("pässword", "check", "--read-data")).toContain("no errors were found");
  expect(restic("pässword", "dump", "latest", join(dir, "file"))).toBe("content");
  expect(() => restic("another", "snapshots")).toThrow(/wrong password/);
});

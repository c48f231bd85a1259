/** The version that upgrades are tried from comes out of the history; where that is cut off, people are told what to do. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findCommit } from "../../support/install/version-before.ts";

let dir: string;
let first: string;
let aside: string;

function git(folder: string, ...args: readonly string[]): string {
  const own = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
  return execFileSync("git", ["-C", folder, ...own, ...args], { encoding: "utf8", stdio: "pipe" }).trim();
}

// The other unit tests need nothing but node.
const hasGit = spawnSync("git", ["--version"]).status === 0;

describe.skipIf(!hasGit)("the version before", () => {
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "stash-batch-history-"));
    const whole = join(dir, "whole");
    mkdirSync(whole);
    git(whole, "init", "--initial-branch=main");
    const commit = (text: string) => {
      git(whole, "commit", "--allow-empty", "-m", text);
      return git(whole, "rev-parse", "HEAD");
    };
    first = commit("one");
    commit("two");
    git(whole, "checkout", "-q", "-b", "aside", first);
    aside = commit("elsewhere");
    git(whole, "checkout", "-q", "main");
    git(dir, "clone", "-q", "--depth=1", `file://${whole}`, "shallow");
    mkdirSync(join(dir, "none"));
  });

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test("a whole history has it", () => {
    expect(() => findCommit(join(dir, "whole"), first)).not.toThrow();
  });

  test.each([
    ["a shallow clone", "shallow", () => first, /this clone is shallow: run git fetch --unshallow/],
    ["a history that went another way", "whole", () => aside, /is no ancestor of what is here/],
    ["a folder that is no checkout", "none", () => first, /no git checkout.*clone it/],
  ])("%s is told so, with what to do", (_what, folder, commit, message) => {
    expect(() => findCommit(join(dir, folder), commit())).toThrow(message);
  });
});

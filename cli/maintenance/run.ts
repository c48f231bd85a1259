/** Works on a repository as a whole. */
import { Command } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { openCluster } from "../cluster/open.ts";
import type { Input, RunCommand } from "../program/command.ts";
import type { FlagValues } from "../program/flag-values.ts";
import { gatherWork } from "../repository-work/gather-work.ts";
import { runWork } from "../repository-work/run-work.ts";
import { findUsesAtWork } from "./uses-at-work.ts";

/** restic waits so long for what holds the repository. */
const PATIENCE = ["--retry-lock", "2m"] as const;

function workBy(what: string, args: (flags: FlagValues) => readonly string[]): RunCommand {
  return async (input) => {
    const cluster = await openCluster(input);
    const view = await gatherWork(cluster, input.words[0] ?? "", input.flags);
    return runWork(input, cluster, view, { what, args: [Command.Restic, ...args(input.flags)] });
  };
}

export const runCheck = workBy("check", (flags) => [
  "check",
  ...PATIENCE,
  ...given(flags, "read-data", "with-cache"),
  ...valued(flags, { "read-data-subset": "--read-data-subset" }),
]);

export const runPrune = workBy("prune", (flags) => [
  "prune",
  ...PATIENCE,
  ...given(flags, "dry-run", "repack-uncompressed", "repack-cacheable-only", "repack-small"),
  ...valued(flags, { "max-unused-limit": "--max-unused", "max-repack-size": "--max-repack-size" }),
]);

export const runRebuildIndex = workBy("rebuild-index", (flags) => [
  "repair",
  "index",
  ...PATIENCE,
  ...given(flags, "read-all-packs"),
]);

export const runMigrate = workBy("migrate", () => ["migrate", "upgrade_repo_v2", ...PATIENCE]);

export async function runUnlock(input: Input) {
  const cluster = await openCluster(input);
  const view = await gatherWork(cluster, input.words[0] ?? "", input.flags);
  const { metadata } = view.repository;
  const { users, unseen } = await findUsesAtWork(cluster, view.repository);
  const what = `Repository ${metadata.namespace}/${metadata.name}`;
  if (!input.flags.has("force")) {
    if (users.length > 0) {
      throw new UserError("REPOSITORY_LOCKED", `${what} is in use by ${users.join(", ")}`, {
        next: "wait for its end, cancel it, or say --force where you know that its pods are gone",
      });
    }
    if (unseen.length > 0) {
      throw new UserError("REPOSITORY_LOCKED", `${what} may be in use: ${unseen.join("; ")}`, {
        next: "ask somebody who may look there, or say --force where you know that nothing is at work",
      });
    }
  }
  return runWork(input, cluster, view, { what: "unlock", args: [Command.Restic, "unlock", "--remove-all"] });
}

function given(flags: FlagValues, ...names: readonly string[]): readonly string[] {
  return names.filter((name) => flags.has(name)).map((name) => `--${name}`);
}

/** One argument each: a value that begins with a dash is no flag. */
function valued(flags: FlagValues, names: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(names).flatMap(([name, theirs]) => {
    const value = flags.text(name);
    return value === undefined ? [] : [`${theirs}=${value}`];
  });
}

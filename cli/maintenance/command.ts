/** Commands that work on a repository as a whole, under upstream's names and flags, as people type them. */
import { CommandGroup, type CommandSpec, type FlagSpec, Scope } from "../program/command.ts";
import { REPOSITORY_ARGUMENT, UPSTREAM_IMAGE_FLAGS, WORK_FLAGS } from "../repository-work/work-flags.ts";

const WHERE = `A Job in the Repository's namespace does it, with your rights: create and delete jobs, list pods, get pods/log. The Secret of the backend is mounted
there and does not come to this machine. After Ctrl-C the Job goes on.`;

type Load = CommandSpec["load"];

interface Work {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly details: string;
  readonly flags: readonly FlagSpec[];
  readonly examples: CommandSpec["examples"];
  readonly load: Load;
}

function workOn({ details, flags, ...rest }: Work): CommandSpec {
  return {
    ...rest,
    group: CommandGroup.Repository,
    details: `${details}\n\n${WHERE}`,
    args: [REPOSITORY_ARGUMENT],
    flags: [...flags, ...WORK_FLAGS, ...UPSTREAM_IMAGE_FLAGS],
    scope: Scope.Namespace,
    formats: [],
  };
}

export const CHECK = workOn({
  name: "check",
  summary: "Check a repository for faults",
  details:
    "Reads the structure of the repository, and with --read-data all that it holds. Ends with 1 when there is a fault.",
  flags: [
    { flags: "--read-data", summary: "read all data, too" },
    { flags: "--read-data-subset <part>", summary: "read a part of the data: 1/10, 5% or 500M" },
    { flags: "--with-cache", summary: "trust what the cache holds" },
  ],
  examples: [
    { line: "check store", does: "the structure" },
    { line: "check store --read-data-subset=10%", does: "and a tenth of the data" },
  ],
  load: async () => (await import("./run.ts")).runCheck,
});

export const PRUNE = workOn({
  name: "prune",
  summary: "Delete data that no snapshot needs",
  details:
    "While it works no backup can write; it waits two minutes for those that are at work. Sessions do the same by themselves where their retention policy says prune.",
  flags: [
    { flags: "--max-unused-limit <limit>", summary: "leave so much of what is not needed: 5%, 500M or unlimited" },
    { flags: "--max-repack-size <size>", summary: "write at most so much anew" },
    { flags: "--dry-run", summary: "change nothing; tell what would be done" },
    { flags: "--repack-uncompressed", summary: "write anew what is not compressed" },
    { flags: "--repack-cacheable-only", summary: "write anew only what caches hold" },
    { flags: "--repack-small", summary: "write small files anew, too" },
  ],
  examples: [
    { line: "prune store --dry-run", does: "what it would do" },
    { line: "prune store --max-unused-limit=10%", does: "faster, and a tenth may stay" },
  ],
  load: async () => (await import("./run.ts")).runPrune,
});

export const UNLOCK = workOn({
  name: "unlock",
  summary: "Remove the locks of a repository",
  details: `For locks whose owner is gone. Sessions do it by themselves where they can tell. Refused while a session, a restore, a maintenance or a Job of this
program is at work on the Repository, and where you may not see whether one is: without its lock its data may be pruned away. To see it takes list on
jobs, backupsessions, restoresessions and restorebatches, there and where the Repository is used.`,
  flags: [{ flags: "--force", summary: "also while something is at work" }],
  examples: [{ line: "unlock store", does: "all locks" }],
  load: async () => (await import("./run.ts")).runUnlock,
});

export const REBUILD_INDEX = workOn({
  name: "rebuild-index",
  summary: "Make the index of a repository anew",
  details: "For a repository whose check says that its index is damaged.",
  flags: [{ flags: "--read-all-packs", summary: "read all data for it, not only what the index lacks" }],
  examples: [{ line: "rebuild-index store", does: "from what the index still knows" }],
  load: async () => (await import("./run.ts")).runRebuildIndex,
});

export const MIGRATE = workOn({
  name: "migrate",
  summary: "Bring a repository to the format with compression",
  details:
    "From version 1 of restic's format, in which nothing is compressed, to version 2. Programs older than restic 0.14 can't read it then.",
  flags: [],
  examples: [{ line: "migrate store", does: "then `prune store --repack-uncompressed` compresses what is there" }],
  load: async () => (await import("./run.ts")).runMigrate,
});

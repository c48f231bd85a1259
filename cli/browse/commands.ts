/** Commands that look into backups, as people type them. */
import { CommandGroup, type CommandSpec, Completes, type FlagSpec, Format, Scope } from "../program/command.ts";
import { WORK_FLAGS } from "../repository-work/work-flags.ts";

export const BROWSE_NOTE = `A short-lived Job in the Repository's namespace reads the repository with your rights: create and delete jobs, list pods, create and get pods/exec.
The Secret of the backend does not come to this machine.`;

const PLACE = {
  name: "POINT:MEMBER",
  summary: "a point as `points` lists it, or a batch for its newest complete one; and one of its members",
  completes: Completes.Session,
} as const;

export const PLACE_FLAGS: readonly FlagSpec[] = [
  { flags: "--host <name>", summary: "of a member with several hosts, this one" },
  {
    flags: "--repository <name>",
    summary: "where no object here knows the point any more",
    completes: Completes.Repository,
  },
  ...WORK_FLAGS,
];

const shared = { group: CommandGroup.Look, scope: Scope.Namespace } as const;

export const LS: CommandSpec = {
  ...shared,
  name: "ls",
  summary: "List files of a backup",
  details: `Without PATH the saved paths; with -R all that they hold. Where a member has several hosts each path begins with HOST: then.\n\n${BROWSE_NOTE}`,
  args: [PLACE, { name: "path", summary: "as it was in the pod", isOptional: true }],
  flags: [{ flags: "-R, --recursive", summary: "with all that is in folders" }, ...PLACE_FLAGS],
  formats: [Format.Table, Format.Name, Format.Json],
  examples: [
    { line: "ls shop-1795966270:web /data", does: "what a folder held" },
    { line: "ls shop:web /data -R -o name", does: "all paths of the newest complete point" },
  ],
  load: async () => (await import("./run-ls.ts")).runLs,
};

export const CAT: CommandSpec = {
  ...shared,
  name: "cat",
  summary: "Print a file of a backup",
  details: `The bytes as they were saved: into a file or a program with > or |.\n\n${BROWSE_NOTE}`,
  args: [
    PLACE,
    {
      name: "path",
      summary: "of the file, as it was in the pod; not needed where a dump is all there is",
      isOptional: true,
    },
  ],
  flags: PLACE_FLAGS,
  formats: [],
  examples: [
    { line: "cat shop:web /data/settings.php", does: "a file of the newest complete point" },
    { line: "cat shop-1795966270:db > dump.sql", does: "the dump of a database" },
  ],
  load: async () => (await import("./run-cat.ts")).runCat,
};

export const DIFF: CommandSpec = {
  ...shared,
  name: "diff",
  summary: "Tell what changed between two points",
  details: `For each member that both points hold: + new, - gone, M changed content, T another type, U changed owner or mode with --metadata. Ends with 0 also
where something changed.\n\n${BROWSE_NOTE}`,
  args: [
    { name: "older", summary: "a point", completes: Completes.Session },
    { name: "newer", summary: "another one of the same Repository", completes: Completes.Session },
  ],
  flags: [
    { flags: "-m, --member <alias>", summary: "only this member; repeat for more", isMany: true },
    { flags: "--metadata", summary: "also changes of owner, mode and times" },
    ...PLACE_FLAGS.filter(({ flags }) => !flags.startsWith("--host")),
  ],
  formats: [Format.Table, Format.Json],
  examples: [{ line: "diff shop-1795966270 shop-1796052670", does: "what a day changed" }],
  load: async () => (await import("./run-diff.ts")).runDiff,
};

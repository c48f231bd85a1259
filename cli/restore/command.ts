/** `restore`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";
import { WAIT_FLAGS } from "../runs/wait-flags.ts";
import { DRY_RUN_FLAG } from "./dry-run-mode.ts";

export const RESTORE: CommandSpec = {
  name: "restore",
  group: CommandGroup.Do,
  summary: "Bring an application back to a recovery point",
  details: `Makes a RestoreBatch of the members of the batch: to the newest complete point at or before --at, to that of --session, or to the newest
complete one. A workload's pods restart, and each waits until it has its data; a database's dump is loaded by a Job.

--dry-run changes nothing and asks no more than to read: it tells the plan from what the objects of the cluster say, members in order, point and
snapshots, pods that restart, what it would wait for. --dry-run=server has the API server check the RestoreBatch, and the cluster try it: a second one
with spec.dryRun is made under a name of its own, and taken away again, with Ctrl-C too. Its plan has the point as the repository tells it, and
restic's own words on files: how many are new or would be written over, which, and their bytes. That needs the right to create, get and delete
RestoreBatches. With -o yaml either is the RestoreBatch alone, for Git; with -o json both.`,
  args: [{ name: "batch", summary: "NAME, or KIND/NAME where both kinds have one", completes: Completes.Invoker }],
  flags: [
    { flags: "--at <time>", summary: "a time with its zone, or '2 hours ago'" },
    {
      flags: "--session <name>",
      summary: "the point of this BackupSession; NAMESPACE/NAME for one of another namespace",
      completes: Completes.Session,
    },
    { flags: "--point <point>", summary: "latest, or the name of a point as `points` lists it (default: latest)" },
    { flags: "-m, --member <alias>", summary: "only this member; repeat for more", isMany: true },
    { flags: "--name <name>", summary: "name of the RestoreBatch (default: the batch's, and the second)" },
    DRY_RUN_FLAG,
    ...WAIT_FLAGS.filter(({ flags }) => !flags.startsWith("--timeout")),
    {
      flags: "--timeout <duration>",
      summary:
        "with --wait: how long at most, such as 30m; it goes on in the cluster then; with --dry-run=server: 10m by default",
    },
  ],
  scope: Scope.Namespace,
  formats: ALL_FORMATS,
  examples: [
    { line: "restore shop --at '2 hours ago' --dry-run", does: "what would be done" },
    { line: "restore shop --dry-run=server", does: "the same, with files and bytes, as the cluster finds out" },
    { line: "restore shop --wait", does: "back to the newest complete point, and look on" },
    { line: "restore shop --session shop-1795966270 --member db --wait", does: "one member, from one session" },
    { line: "restore shop --dry-run -o yaml > restore.yaml", does: "the RestoreBatch, for Git" },
  ],
  load: async () => (await import("./run.ts")).runRestore,
};

/** `restore`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";
import { WAIT_FLAGS } from "../runs/wait-flags.ts";

export const RESTORE: CommandSpec = {
  name: "restore",
  group: CommandGroup.Do,
  summary: "Bring an application back to a recovery point",
  details: `Makes a RestoreBatch of the members of the batch: to the newest complete point at or before --at, to that of --session, or to the newest
complete one. A workload's pods restart, and each waits until it has its data; a database's dump is loaded by a Job.

--dry-run changes nothing: the API server checks the RestoreBatch, and the plan is told: members in order, point and snapshots, pods that restart,
what it would wait for. Files and bytes, and which files would be written over, are told by restic's own dry run in the sidecars of the pods that
run now; that needs the right to create and get pods/exec. With -o yaml it is the RestoreBatch alone, for Git; with -o json both.`,
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
    { flags: "--dry-run", summary: "change nothing; tell the plan" },
    { flags: "--no-files", summary: "with --dry-run: do not ask restic about files" },
    ...WAIT_FLAGS,
  ],
  scope: Scope.Namespace,
  formats: ALL_FORMATS,
  examples: [
    { line: "restore shop --at '2 hours ago' --dry-run", does: "what would be done" },
    { line: "restore shop --wait", does: "back to the newest complete point, and look on" },
    { line: "restore shop --session shop-1795966270 --member db --wait", does: "one member, from one session" },
    { line: "restore shop --dry-run -o yaml > restore.yaml", does: "the RestoreBatch, for Git" },
  ],
  load: async () => (await import("./run.ts")).runRestore,
};

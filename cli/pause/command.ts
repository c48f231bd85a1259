/** `pause`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, type FlagSpec, Scope } from "../program/command.ts";

/** Upstream's way of naming them, after the word `backup`. */
export const UPSTREAM_FLAGS: readonly FlagSpec[] = [
  {
    flags: "--backupbatch <name>",
    summary: "a BackupBatch, as upstream's plugin names it",
    completes: Completes.Invoker,
  },
  { flags: "--backupconfig <name>", summary: "a BackupConfiguration, likewise", completes: Completes.Invoker },
];

export const PAUSE: CommandSpec = {
  name: "pause",
  group: CommandGroup.Do,
  summary: "Stop the schedule of batches",
  details:
    "A session that runs goes on, and `trigger` still works. Ends with 3 where some could be paused and others not.",
  args: [
    { name: "batch", summary: "NAME, or KIND/NAME", isOptional: true, isMany: true, completes: Completes.Invoker },
  ],
  flags: UPSTREAM_FLAGS,
  scope: Scope.Namespace,
  formats: ALL_FORMATS,
  examples: [
    { line: "pause shop", does: "no more scheduled runs" },
    { line: "pause backup --backupbatch=shop", does: "the same in upstream's words" },
  ],
  load: async () => (await import("./run.ts")).runPause,
};

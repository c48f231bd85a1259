/** `resume`, as people type it. */
import { UPSTREAM_FLAGS } from "../pause/command.ts";
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const RESUME: CommandSpec = {
  name: "resume",
  group: CommandGroup.Do,
  summary: "Let the schedule of batches run again",
  details: "Ends with 3 where some could be resumed and others not.",
  args: [
    { name: "batch", summary: "NAME, or KIND/NAME", isOptional: true, isMany: true, completes: Completes.Invoker },
  ],
  flags: UPSTREAM_FLAGS,
  scope: Scope.Namespace,
  formats: ALL_FORMATS,
  examples: [
    { line: "resume shop blog", does: "both run again when they are due" },
    { line: "resume backup --backupconfig=files", does: "one, in upstream's words" },
  ],
  load: async () => (await import("../pause/run.ts")).runResume,
};

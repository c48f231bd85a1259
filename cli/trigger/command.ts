/** `trigger`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";
import { WAIT_FLAGS } from "../runs/wait-flags.ts";

export const TRIGGER: CommandSpec = {
  name: "trigger",
  group: CommandGroup.Do,
  summary: "Back up now",
  details: `Makes a BackupSession of the batch or BackupConfiguration. A paused schedule does not keep it from running. With --wait it ends with 0 when
all members were saved, with 3 when a part of them was, with 1 when none was or the session was skipped.`,
  args: [{ name: "batch", summary: "NAME, or KIND/NAME where both kinds have one", completes: Completes.Invoker }],
  flags: WAIT_FLAGS,
  scope: Scope.Namespace,
  formats: ALL_FORMATS,
  examples: [
    { line: "trigger shop --wait", does: "back up, and look on" },
    { line: "trigger shop -o name", does: "only the name of the session, for scripts" },
  ],
  load: async () => (await import("./run.ts")).runTrigger,
};

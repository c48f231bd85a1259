/** `cancel`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";
import { WAIT_FLAGS } from "../runs/wait-flags.ts";

export const CANCEL: CommandSpec = {
  name: "cancel",
  group: CommandGroup.Do,
  summary: "End a session that runs",
  details: `Members that are at work end, those that have not begun never do, and no other session tries again. What a before-hook stopped is started again by
its after-hook. What was saved before stays. The session is then Failed with CANCELLED. A restore can't be ended half way: delete it to let go of it.`,
  args: [
    { name: "session/NAME", summary: "which session; also `session NAME`", completes: Completes.Run },
    { name: "name", summary: "where the kind stands alone", isOptional: true },
  ],
  flags: WAIT_FLAGS,
  scope: Scope.Namespace,
  formats: ALL_FORMATS,
  examples: [
    { line: "cancel session/shop-1795966270", does: "it ends soon" },
    { line: "cancel session/shop-1795966270 --wait", does: "and wait until its after-hooks have run" },
  ],
  load: async () => (await import("./run.ts")).runCancel,
};

/** `describe`, as people type it. */
import { CommandGroup, type CommandSpec, Completes, Scope, TEXT_OR_DATA } from "../program/command.ts";

export const DESCRIBE: CommandSpec = {
  name: "describe",
  group: CommandGroup.See,
  summary: "Tell everything about one session or restore",
  details: `When each member worked, as bars on one time axis; then hosts with their pods and snapshots, hooks with what they printed, work on the
repository, and conditions. TYPE is session, restore (a RestoreBatch) or restoresession.`,
  args: [
    { name: "TYPE/NAME", summary: "what to describe; also TYPE NAME", completes: Completes.Run },
    { name: "name", summary: "where TYPE stands alone", isOptional: true },
  ],
  scope: Scope.Namespace,
  formats: TEXT_OR_DATA,
  examples: [
    { line: "describe session shop-1795966270", does: "how a backup went" },
    { line: "describe restore/shop-restore -n shop", does: "how a restore goes" },
  ],
  load: async () => (await import("./run.ts")).runDescribe,
};

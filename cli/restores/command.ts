/** `restores`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const RESTORES: CommandSpec = {
  name: "restores",
  group: CommandGroup.See,
  summary: "List RestoreBatches and RestoreSessions, newest first",
  args: [{ name: "name", summary: "only these", isOptional: true, isMany: true, completes: Completes.Restore }],
  scope: Scope.Namespaces,
  formats: ALL_FORMATS,
  examples: [
    { line: "restores", does: "those of the context's namespace" },
    { line: "restores -A -o wide", does: "all, with what they wait for or why they failed" },
  ],
  load: async () => (await import("./run.ts")).runRestores,
};

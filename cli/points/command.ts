/** `points`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const POINTS: CommandSpec = {
  name: "points",
  aliases: ["point"],
  group: CommandGroup.See,
  summary: "List recovery points, newest first",
  details: `A recovery point is all snapshots of one session. Those of sessions that are kept are listed, and those that the status of
Repositories tells of: the newest 100 of each, as the last retention or maintenance found them in the repository itself, also when all sessions
are gone. It may hold older ones, which a restore finds by --at. -o wide says which rules of the retention policy keep a point.`,
  args: [{ name: "batch", summary: "only those of this batch", isOptional: true, completes: Completes.Invoker }],
  scope: Scope.Namespaces,
  formats: ALL_FORMATS,
  examples: [
    { line: "points shop", does: "what the batch shop can be taken back to" },
    { line: "points -A -o json", does: "all of them, for programs" },
  ],
  load: async () => (await import("./run.ts")).runPoints,
};

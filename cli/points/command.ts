/** `points`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const POINTS: CommandSpec = {
  name: "points",
  aliases: ["point"],
  group: CommandGroup.See,
  summary: "List recovery points, newest first",
  details: `A recovery point is all snapshots of one session. Those of sessions that are kept are listed with their members, and those that the
status of Repositories and batches tells of. The repository itself may hold older ones, which a restore finds by --at.`,
  args: [{ name: "batch", summary: "only those of this batch", isOptional: true, completes: Completes.Invoker }],
  scope: Scope.Namespaces,
  formats: ALL_FORMATS,
  examples: [
    { line: "points shop", does: "what the batch shop can be taken back to" },
    { line: "points -A -o json", does: "all of them, for programs" },
  ],
  load: async () => (await import("./run.ts")).runPoints,
};

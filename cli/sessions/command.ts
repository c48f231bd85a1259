/** `sessions`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const SESSIONS: CommandSpec = {
  name: "sessions",
  aliases: ["session"],
  group: CommandGroup.See,
  summary: "List BackupSessions, newest first",
  args: [{ name: "name", summary: "only these", isOptional: true, isMany: true, completes: Completes.Session }],
  flags: [{ flags: "--batch <name>", summary: "only runs of this batch", completes: Completes.Invoker }],
  scope: Scope.Namespaces,
  formats: ALL_FORMATS,
  examples: [
    { line: "sessions", does: "the runs that are kept" },
    { line: "sessions --batch shop -o wide", does: "those of one batch, with why they failed" },
  ],
  load: async () => (await import("./run.ts")).runSessions,
};

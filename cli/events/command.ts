/** `events`, as people type it. */
import { CommandGroup, type CommandSpec, Format, Scope } from "../program/command.ts";

export const EVENTS: CommandSpec = {
  name: "events",
  group: CommandGroup.See,
  summary: "Print the events of batches, sessions, restores and Repositories",
  details: "The newest last. The API server keeps events for an hour by default.",
  args: [{ name: "KIND/NAME", summary: "only those of one object; also NAME alone", isOptional: true }],
  flags: [{ flags: "--warnings", summary: "only those that need somebody" }],
  scope: Scope.Namespaces,
  formats: [Format.Table, Format.Wide, Format.Json, Format.Yaml, Format.Name],
  examples: [
    { line: "events", does: "what happened in the context's namespace" },
    { line: "events -A --warnings", does: "what went wrong anywhere" },
    { line: "events backupsession/shop-1795966270", does: "those of one session" },
  ],
  load: async () => (await import("./run.ts")).runEvents,
};

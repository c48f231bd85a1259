/** `repositories`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const REPOSITORIES: CommandSpec = {
  name: "repositories",
  aliases: ["repository", "repos", "repo"],
  group: CommandGroup.See,
  summary: "List Repositories",
  args: [{ name: "name", summary: "only these", isOptional: true, isMany: true, completes: Completes.Repository }],
  scope: Scope.Namespaces,
  formats: ALL_FORMATS,
  examples: [
    { line: "repositories", does: "those of the context's namespace" },
    { line: "repositories -A -o wide", does: "all, with backend and checks" },
  ],
  load: async () => (await import("./run.ts")).runRepositories,
};

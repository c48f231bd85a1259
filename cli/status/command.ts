/** `status`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const STATUS: CommandSpec = {
  name: "status",
  group: CommandGroup.See,
  summary: "Say how well everything is backed up, worst first",
  details: `For each application the age of its newest complete recovery point against the time between two runs, how the last run went, when the next
one is due, and what to do. Ends with 0 whatever it tells; -o json is for programs that judge.`,
  args: [{ name: "batch", summary: "only these", isOptional: true, isMany: true, completes: Completes.Invoker }],
  scope: Scope.Namespaces,
  formats: ALL_FORMATS,
  examples: [
    { line: "status -A", does: "all applications of the cluster" },
    { line: "status shop -o json", does: "one of them, for programs" },
  ],
  load: async () => (await import("./run.ts")).runStatus,
};

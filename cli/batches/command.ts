/** `batches`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const BATCHES: CommandSpec = {
  name: "batches",
  aliases: ["batch"],
  group: CommandGroup.See,
  summary: "List BackupBatches and BackupConfigurations",
  args: [{ name: "name", summary: "only these", isOptional: true, isMany: true, completes: Completes.Invoker }],
  scope: Scope.Namespaces,
  formats: ALL_FORMATS,
  examples: [
    { line: "batches", does: "those of the context's namespace" },
    { line: "batches -A -o wide", does: "all, with members, repository and zone" },
  ],
  load: async () => (await import("./run.ts")).runBatches,
};

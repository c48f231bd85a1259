/** `lint`, as people type it. */
import { CommandGroup, type CommandSpec, Completes, Scope, TEXT_OR_DATA } from "../program/command.ts";

export const LINT: CommandSpec = {
  name: "lint",
  group: CommandGroup.Check,
  summary: "Check files before they are applied",
  details: `Looks at no cluster. Checks what the webhook would check (fields, schedules, zones, aliases, hooks), fields that no definition knows, and
whether the objects of the files fit together: Repositories, Secrets, workloads, volumes and batches that they name.
Ends with 1 when there is a fault, with 0 when there are only warnings.`,
  flags: [
    {
      flags: "-f, --filename <file>",
      summary: "a file, a folder with its folders, or - for the input; repeat for more",
      isMany: true,
      completes: Completes.File,
    },
  ],
  scope: Scope.None,
  namespaceSummary: "namespace of objects that name none (default: default)",
  formats: TEXT_OR_DATA,
  examples: [
    { line: "lint -f backups/", does: "all files of a folder" },
    { line: "lint -f - -o json", does: "the input, such as that of `kustomize build`, for programs" },
  ],
  load: async () => (await import("./run.ts")).runLint,
};

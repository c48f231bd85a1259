/** `clone`, as people type it. */
import { BACKEND_FLAGS } from "../create/backend.ts";
import { CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const CLONE: CommandSpec = {
  name: "clone",
  group: CommandGroup.Do,
  summary: "Copy a volume claim with its data into another namespace",
  details: `Backs the claim up, makes one of the same size and class in the other namespace, and restores into it. The Repository is the one of --repository, or one that
the flags of its store describe, as upstream's plugin has it. What was made for it goes again at the end, of Ctrl-C
too, and the new claim where it was not filled; what can't be taken away is told with the command that does it. Data in the store stays. In the other
namespace a copy of the Repository and its Secret are needed for that time: the Secret passes through this program, with your rights.`,
  args: [
    { name: "kind", summary: "the word `pvc`", choices: ["pvc"] },
    { name: "name", summary: "of the claim" },
  ],
  flags: [
    { flags: "--to-namespace <name>", summary: "where to", completes: Completes.Namespace },
    { flags: "--repository <name>", summary: "Repository that is there already", completes: Completes.Repository },
    { flags: "--timeout <duration>", summary: "how long each half may take (default: 10m)" },
    ...BACKEND_FLAGS,
  ],
  scope: Scope.Namespace,
  formats: [],
  examples: [
    { line: "clone pvc files --to-namespace=staging --repository=store", does: "by a Repository that is there" },
    {
      line: "clone pvc files --to-namespace=staging --provider=s3 --bucket=backups --prefix=clone --secret=backend",
      does: "by one for this alone, in upstream's words",
    },
  ],
  load: async () => (await import("./run.ts")).runClone,
};

/** `doctor`, as people type it. */
import { Install } from "../../shared/contract.ts";
import { CommandGroup, type CommandSpec, Completes, Format, Scope } from "../program/command.ts";

export const DOCTOR: CommandSpec = {
  name: "doctor",
  group: CommandGroup.Check,
  summary: "Say what is wrong with an installation, and what to do",
  details: `Looks at an installation as its users meet it. Changes nothing: what it creates is a dry run. Needs the rights of a cluster admin.
Ends with 0 when nothing is at fault (there may be warnings), with 1 when something is.

--bundle writes what support needs into one file: the findings, versions, all objects of ours, the objects, events and logs of the installation. No Secret
is read for it, and what people write passwords into is left out of the others: commands, bodies, headers and paths of requests, values of variables
and parameters, users and queries of addresses, statements of drills and what they found, annotations of others. What a hook that failed has printed
stands in it: look before you send it.`,
  flags: [
    {
      flags: "--probe-namespace <name>",
      summary: "namespace in which objects are created as a dry run (default: default)",
    },
    { flags: "--bundle <file>", summary: "write what support needs into a .tar.gz", completes: Completes.File },
  ],
  scope: Scope.Cluster,
  namespaceSummary: `namespace of the installation (default: ${Install.Namespace})`,
  formats: [Format.Table, Format.Json, Format.Yaml],
  examples: [
    { line: "doctor", does: "look at the installation in stash-batch" },
    { line: "doctor --bundle=stash.tar.gz", does: "and write what support needs" },
    { line: "doctor -n backup-system -o json", does: "the same of another namespace, for programs" },
  ],
  load: async () => (await import("./run.ts")).runDoctor,
};

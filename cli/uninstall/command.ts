/** `uninstall`, as people type it. */
import { Install } from "../../shared/contract.ts";
import { CommandGroup, type CommandSpec, Format, Scope } from "../program/command.ts";

export const UNINSTALL: CommandSpec = {
  name: "uninstall",
  group: CommandGroup.Check,
  summary: "Take an installation out of a cluster",
  details: `In the one order that leaves nothing blocked: webhook configurations, programs, then what they left in other namespaces.
Repositories and snapshots are never touched. Needs the rights of a cluster admin. Without --yes it only tells what it would do.`,
  flags: [
    {
      flags: "--remove-sidecars",
      summary:
        "take our containers and volumes out of the workloads, which restarts their pods, and the agents' rights with them (default: both stay, and do nothing)",
    },
    {
      flags: "--remove-definitions",
      summary: "delete the definitions too, and with them every Repository, invoker and session object",
    },
    { flags: "--yes", summary: "do it" },
  ],
  scope: Scope.Cluster,
  namespaceSummary: `namespace of the installation (default: ${Install.Namespace})`,
  formats: [Format.Table, Format.Json, Format.Yaml],
  examples: [
    { line: "uninstall", does: "tell what would be done" },
    { line: "uninstall --remove-sidecars --yes", does: "do it, and take the sidecars out of all workloads" },
  ],
  load: async () => (await import("./run.ts")).runUninstall,
};

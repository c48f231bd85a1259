/** `coverage`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Scope } from "../program/command.ts";

export const COVERAGE: CommandSpec = {
  name: "coverage",
  group: CommandGroup.Check,
  summary: "Find workloads and claims that nothing backs up",
  details: `Looks at Deployments, StatefulSets and DaemonSets that mount a volume claim, and at claims that no workload mounts. A workload is covered
when a batch or BackupConfiguration names it (a BackupBlueprint makes one), when its label names a batch, or when an AppBinding that is backed up leads to its pods. One of
which only some claims are saved is told as Part. Workloads without a claim hold nothing that outlives their pods.`,
  flags: [
    { flags: "--all", summary: "tell covered ones, too" },
    { flags: "--fail-on-uncovered", summary: "end with 1 when something is not covered, or only in part" },
  ],
  scope: Scope.Namespaces,
  formats: ALL_FORMATS,
  examples: [
    { line: "coverage -A", does: "what nobody saves, and what to add" },
    { line: "coverage -A --fail-on-uncovered -o json", does: "for a check that runs by itself" },
  ],
  load: async () => (await import("./run.ts")).runCoverage,
};

/** How far a dry run goes, as kubectl has it. Pure. */
import type { FlagSpec } from "../program/command.ts";
import type { FlagValues } from "../program/flag-values.ts";

export const DryRunMode = {
  /** Reads alone. */
  Client: "client",
  /** The cluster checks and tries it, by an object that is taken away again. */
  Server: "server",
} as const;
export type DryRunMode = (typeof DryRunMode)[keyof typeof DryRunMode];

export const DRY_RUN_FLAG: FlagSpec = {
  flags: "--dry-run [mode]",
  summary: "tell the plan alone; server also asks the cluster and restic",
  choices: ["none", DryRunMode.Client, DryRunMode.Server],
  alone: DryRunMode.Client,
};

/** @returns undefined where it is to be done */
export function readDryRun(flags: FlagValues): DryRunMode | undefined {
  const wanted = flags.text("dry-run");
  return Object.values(DryRunMode).find((mode) => mode === wanted);
}

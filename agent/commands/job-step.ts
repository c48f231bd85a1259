/** What `update-status` and `run-hook` share: their entry, by upstream's flags, and the addon's output. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { flagText, requireFlags } from "../flags.ts";
import { backupEntry, type JobEntry, type JobStep, restoreEntry } from "../job/entry-of.ts";
import { gatherJobSettings } from "../job/job-settings.ts";
import { jobIdentity } from "./job-identity.ts";
import { shutdownSignal } from "./shutdown.ts";

export interface OpenedStep extends JobStep {
  readonly entry: JobEntry;
  /** Text of the addon's output.json; undefined when there is none. */
  readonly output: string | undefined;
  flag(name: string): string | undefined;
}

function readOutput(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  try {
    return readFileSync(join(folder, "output.json"), "utf8");
  } catch {
    return undefined;
  }
}

/** @throws UserError when the flags are incomplete or the entry does not come */
export async function openStep(argv: readonly string[]): Promise<OpenedStep> {
  const settings = gatherJobSettings(argv, process.env);
  const { flags } = settings;
  const step: JobStep = { settings, self: jobIdentity(settings), shutdown: shutdownSignal() };
  const sessionName = flagText(flags, "backupsession");
  const flag = sessionName === undefined ? requireFlags(flags, ["invoker-kind", "invoker-name"]) : undefined;
  const entry =
    sessionName !== undefined
      ? await backupEntry(step, sessionName)
      : await restoreEntry(step, flag?.("invoker-kind") ?? "", flag?.("invoker-name") ?? "");
  return { ...step, entry, output: readOutput(flagText(flags, "output-dir")), flag: (name) => flagText(flags, name) };
}

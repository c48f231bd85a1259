/** Command line of `doctor`. */
import { parseArgs } from "node:util";
import { Install } from "../../shared/contract.ts";
import { messageOf, UserError } from "../../shared/errors.ts";

export const DOCTOR_USAGE = `usage: stash-batch doctor [flags]

Looks at an installation as its users meet it, and says for each thing that is wrong what to do. Changes nothing: what it
creates is a dry run. Exit code 0 when nothing is at fault (there may be warnings), 1 when something is, 2 for wrong flags.

  --kubeconfig FILE      how to reach the cluster (default: as kubectl); needs the rights of a cluster admin
  --namespace NAME       namespace of the installation (default ${Install.Namespace})
  --probe-namespace NAME namespace in which objects are created as a dry run (default: default)
  --json                 findings as JSON`;

export interface DoctorOptions {
  readonly kubeconfigPath: string | undefined;
  readonly namespace: string;
  /** Not one that the webhook leaves alone. */
  readonly probeNamespace: string;
  readonly isJson: boolean;
}

const OPTIONS = {
  kubeconfig: { type: "string" },
  namespace: { type: "string" },
  "probe-namespace": { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * @returns `help` when it was asked for
 * @throws UserError CONFIGURATION_INVALID for an unknown flag
 */
export function parseDoctorArgs(args: readonly string[]): DoctorOptions | "help" {
  const flags = readFlags(args);
  if (flags.help === true) return "help";
  return {
    kubeconfigPath: flags.kubeconfig,
    namespace: flags.namespace || Install.Namespace,
    probeNamespace: flags["probe-namespace"] || "default",
    isJson: flags.json ?? false,
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false }).values;
  } catch (cause) {
    throw new UserError("CONFIGURATION_INVALID", messageOf(cause), { cause });
  }
}

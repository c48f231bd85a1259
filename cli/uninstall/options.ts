/** Command line of `uninstall`. */
import { parseArgs } from "node:util";
import { Install } from "../../shared/contract.ts";
import { messageOf, UserError } from "../../shared/errors.ts";

export const UNINSTALL_USAGE = `usage: stash-batch uninstall [flags]

Takes an installation out of a cluster in the one order that leaves nothing blocked: webhook configurations, programs, then
what they left in other namespaces. Repositories and snapshots are never touched. Without --yes it only tells what it would do.

  --remove-sidecars      take our containers and volumes out of the workloads, which restarts their pods, and the agents'
                         rights with them (default: both stay, and do nothing)
  --remove-definitions   delete the definitions too, and with them every Repository, invoker and session object
  --yes                  do it
  --kubeconfig FILE      how to reach the cluster (default: as kubectl); needs the rights of a cluster admin
  --namespace NAME       namespace of the installation (default ${Install.Namespace})`;

export interface UninstallOptions {
  readonly kubeconfigPath: string | undefined;
  readonly namespace: string;
  readonly removesSidecars: boolean;
  readonly removesDefinitions: boolean;
  readonly isConfirmed: boolean;
}

const OPTIONS = {
  "remove-sidecars": { type: "boolean" },
  "remove-definitions": { type: "boolean" },
  yes: { type: "boolean" },
  kubeconfig: { type: "string" },
  namespace: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * @returns `help` when it was asked for
 * @throws UserError CONFIGURATION_INVALID for an unknown flag
 */
export function parseUninstallArgs(args: readonly string[]): UninstallOptions | "help" {
  const flags = readFlags(args);
  if (flags.help === true) return "help";
  return {
    kubeconfigPath: flags.kubeconfig,
    namespace: flags.namespace || Install.Namespace,
    removesSidecars: flags["remove-sidecars"] ?? false,
    removesDefinitions: flags["remove-definitions"] ?? false,
    isConfirmed: flags.yes ?? false,
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false }).values;
  } catch (cause) {
    throw new UserError("CONFIGURATION_INVALID", messageOf(cause), { cause });
  }
}

/** Command line of `explain`. */
import { parseArgs } from "node:util";
import { messageOf, UserError } from "../../shared/errors.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";

export const EXPLAIN_USAGE = `usage: stash-batch explain -f FILE... [flags]
       stash-batch explain KIND/NAME -n NAMESPACE [flags]

Says what the webhook decides about a workload, and why: the change as a diff, and what would restart. Of invokers,
Repositories, AppBindings and BackupBlueprints it says what their author must be allowed to do. Changes nothing.

  -f, --filename FILE    YAML or JSON; repeat for more. Workloads and objects of ours in it are explained; the latter,
                         and Namespaces, stand before those of the cluster
  -n, --namespace NAME   namespace of objects that name none (default: default)
  --offline              look at the files alone, at no cluster
  --kubeconfig FILE      how to reach the cluster (default: as kubectl)
  --image IMAGE          image of the injected containers, as given to the webhook (default stash-batch)
  --native-sidecar       as given to the webhook
  --follow-image         as given to the webhook

KIND is deployment, statefulset, daemonset, backupbatch, backupconfiguration, restorebatch, restoresession, repository or
appbinding.`;

export interface ExplainOptions {
  readonly files: readonly string[];
  readonly live: { readonly kind: string; readonly name: string } | undefined;
  readonly namespace: string;
  readonly isOffline: boolean;
  readonly kubeconfigPath: string | undefined;
  readonly settings: InjectionSettings;
}

const KINDS_BY_WORD: Readonly<Record<string, string>> = {
  deployment: "Deployment",
  deployments: "Deployment",
  deploy: "Deployment",
  statefulset: "StatefulSet",
  statefulsets: "StatefulSet",
  sts: "StatefulSet",
  daemonset: "DaemonSet",
  daemonsets: "DaemonSet",
  ds: "DaemonSet",
  backupbatch: "BackupBatch",
  backupconfiguration: "BackupConfiguration",
  restorebatch: "RestoreBatch",
  restoresession: "RestoreSession",
  repository: "Repository",
  appbinding: "AppBinding",
};

const OPTIONS = {
  filename: { type: "string", short: "f", multiple: true },
  namespace: { type: "string", short: "n" },
  offline: { type: "boolean" },
  kubeconfig: { type: "string" },
  image: { type: "string" },
  "native-sidecar": { type: "boolean" },
  "follow-image": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

function readArgs(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (cause) {
    throw new UserError("CONFIGURATION_INVALID", messageOf(cause), { cause });
  }
}

/**
 * @returns `help` when it was asked for
 * @throws UserError CONFIGURATION_INVALID listing everything that is wrong
 */
export function parseExplainArgs(args: readonly string[]): ExplainOptions | "help" {
  const { values, positionals } = readArgs(args);
  if (values.help === true) return "help";
  const [reference, ...rest] = positionals;
  const [word = "", name = ""] = (reference ?? "").split("/");
  const kind = KINDS_BY_WORD[word.toLowerCase()];
  const files = values.filename ?? [];
  const faults = [
    ...(reference === undefined && files.length === 0 ? ["name a workload, or a file with -f"] : []),
    ...(reference !== undefined && (kind === undefined || name === "") ? [`${reference} is no KIND/NAME`] : []),
    ...(rest.length > 0 ? [`one workload at a time, not ${rest.join(" ")} too`] : []),
    ...(reference !== undefined && values.offline === true ? ["--offline has no live objects"] : []),
  ];
  if (faults.length > 0) throw new UserError("CONFIGURATION_INVALID", faults.join("; "));
  return {
    files,
    live: kind === undefined ? undefined : { kind, name },
    namespace: values.namespace ?? "default",
    isOffline: values.offline ?? false,
    kubeconfigPath: values.kubeconfig,
    settings: {
      image: values.image ?? "stash-batch",
      nativeSidecar: values["native-sidecar"] ?? false,
      followsImage: values["follow-image"] ?? false,
    },
  };
}

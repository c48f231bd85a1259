/** Flags of the webhook. Every wrong one is reported in one go. */
import { parseArgs } from "node:util";
import { Install } from "../shared/contract.ts";
import { messageOf, UserError } from "../shared/errors.ts";
import type { InjectionSettings } from "../shared/injection/view.ts";
import { LOG_LEVELS, type LogLevel } from "../shared/log.ts";

export interface WebhookConfig {
  readonly host: string;
  readonly port: number;
  /** Folder with tls.crt, tls.key and ca.crt. */
  readonly tlsDir: string;
  /** DNS name in the certificate by which the API server calls us. */
  readonly serverName: string;
  readonly kubeconfigPath: string | undefined;
  readonly settings: InjectionSettings;
  /** Whether the author of an invoker must be allowed to do to the targets what the invoker does. */
  readonly checksRights: boolean;
  /** User names whose rights are not asked for: our own reconciler, which makes invokers from blueprints. */
  readonly trustedUsers: readonly string[];
  /** Namespaces whose workloads are never changed. */
  readonly excludedNamespaces: readonly string[];
  readonly logLevel: LogLevel;
}

export const WEBHOOK_USAGE = `usage: stash-batch webhook --image=IMAGE --tls-dir=DIR [flags]

  --image IMAGE              image of the injected containers (required)
  --tls-dir DIR              folder with tls.crt, tls.key and ca.crt (required)
  --listen HOST:PORT         where to listen (default 0.0.0.0:8443)
  --server-name NAME         name in the certificate (default ${Install.WebhookService}.${Install.Namespace}.svc)
  --kubeconfig FILE          instead of the pod's ServiceAccount
  --agent-command PROGRAM    program in the image, where it has no entry point; repeat for arguments
  --native-sidecar           inject the sidecar as a restartable init-container (servers from 1.29)
  --follow-image             re-submit workloads at once when the image changes
  --no-check-rights          let anyone who may create an invoker point it at any workload
  --trusted-user NAME        user whose rights are not checked; repeat for more
  --excluded-namespace NAME  leave workloads of this namespace alone; repeat for more
                             (default kube-system and ${Install.Namespace})
  --log-level LEVEL          ${LOG_LEVELS.join(", ")} (default info)`;

const OPTIONS = {
  image: { type: "string" },
  "tls-dir": { type: "string" },
  listen: { type: "string" },
  "server-name": { type: "string" },
  kubeconfig: { type: "string" },
  "agent-command": { type: "string", multiple: true },
  "native-sidecar": { type: "boolean" },
  "follow-image": { type: "boolean" },
  "no-check-rights": { type: "boolean" },
  "trusted-user": { type: "string", multiple: true },
  "excluded-namespace": { type: "string", multiple: true },
  "log-level": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * Reads the command line.
 *
 * @returns `help` when it was asked for
 * @throws UserError CONFIGURATION_INVALID listing everything that is missing or wrong
 */
export function parseWebhookArgs(args: readonly string[]): WebhookConfig | "help" {
  const flags = readFlags(args);
  if (flags.help === true) return "help";
  const faults: string[] = [];
  const listen = /^(.*):(\d+)$/.exec(flags.listen ?? "0.0.0.0:8443");
  const port = Number(listen?.[2]);
  if (listen === null || port > 65_535) faults.push(`--listen: ${flags.listen} is no HOST:PORT`);
  if (!flags.image) faults.push("--image is missing");
  if (!flags["tls-dir"]) faults.push("--tls-dir is missing");
  const wantedLevel = flags["log-level"] ?? "info";
  const logLevel = LOG_LEVELS.find((level) => level === wantedLevel);
  if (logLevel === undefined) faults.push(`--log-level: ${wantedLevel} is none of ${LOG_LEVELS.join(", ")}`);
  if (faults.length > 0) throw new UserError("CONFIGURATION_INVALID", faults.join("; "));
  const command = flags["agent-command"];
  return {
    host: (listen?.[1] ?? "").replace(/^\[|\]$/g, "") || "0.0.0.0",
    port,
    tlsDir: flags["tls-dir"] ?? "",
    serverName: flags["server-name"] ?? `${Install.WebhookService}.${Install.Namespace}.svc`,
    kubeconfigPath: flags.kubeconfig,
    settings: {
      image: flags.image ?? "",
      ...(command !== undefined && { command }),
      nativeSidecar: flags["native-sidecar"] ?? false,
      followsImage: flags["follow-image"] ?? false,
    },
    checksRights: flags["no-check-rights"] !== true,
    trustedUsers: flags["trusted-user"] ?? [],
    excludedNamespaces: flags["excluded-namespace"] ?? ["kube-system", Install.Namespace],
    logLevel: logLevel ?? "info",
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false }).values;
  } catch (cause) {
    throw new UserError("CONFIGURATION_INVALID", messageOf(cause), { cause });
  }
}

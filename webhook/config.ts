/** Flags of the webhook. Every wrong one is reported in one go. */
import { CertificateMode } from "../certs/elected-keeper.ts";
import { Env, Install } from "../shared/contract.ts";
import { parseDuration } from "../shared/duration.ts";
import type { Environment } from "../shared/environment.ts";
import { messageOf, UserError } from "../shared/errors.ts";
import { readAddress, readFlags } from "../shared/flags.ts";
import { PULL_SECRET_OPTIONS, readPullSecrets } from "../shared/injection/pull-secrets.ts";
import { RESOURCE_OPTIONS, readResourceFlags } from "../shared/injection/resource-flags.ts";
import type { InjectionSettings } from "../shared/injection/view.ts";
import { knowsOwnPod } from "../shared/kube/own-image.ts";
import { LOG_LEVELS, type LogLevel } from "../shared/log.ts";
import type { CertificateOrigin } from "./certificates.ts";
import { parseTlsOptions, TLS_VERSIONS, type TlsOptions } from "./tls-options.ts";

export interface WebhookConfig {
  readonly host: string;
  readonly port: number;
  readonly certificates: CertificateOrigin;
  /** DNS name in the certificate by which the API server calls us. */
  readonly serverName: string;
  readonly tls: TlsOptions;
  /** File with the authority of those who may ask for reviews; anyone may without it. */
  readonly clientCaPath: string | undefined;
  /** Common names in their certificates; any when there are none. */
  readonly clientNames: readonly string[];
  readonly kubeconfigPath: string | undefined;
  /** Without an image until the own pod is read. */
  readonly settings: InjectionSettings;
  /** Whether the author of an invoker must be allowed to do to the targets what the invoker does. */
  readonly checksRights: boolean;
  /** User names whose rights are not asked for: our own reconciler, which makes invokers from blueprints. */
  readonly trustedUsers: readonly string[];
  /** Namespaces whose workloads are never changed. */
  readonly excludedNamespaces: readonly string[];
  /** Where the Snapshot API listens; it does not without. */
  readonly snapshotApi: { readonly host: string; readonly port: number } | undefined;
  /** Namespace of the installation. */
  readonly namespace: string;
  readonly logLevel: LogLevel;
  /** How long to go on answering after a signal, while the Service forgets us; milliseconds. */
  readonly drainMs: number;
}

export const WEBHOOK_USAGE = `usage: stash-batch webhook [flags]

  --image IMAGE              image of the injected containers (default: that of our own pod)
  --certificates MODE        own: one replica makes and rotates them in Secret ${Install.ServingSecret} (default);
                             cert-manager: it does so, and injects the CA
  --namespace NAME           of that Secret (default $POD_NAMESPACE, else ${Install.Namespace})
  --tls-dir DIR              instead: a folder with tls.crt, tls.key and ca.crt that somebody else keeps
  --listen HOST:PORT         where to listen (default 0.0.0.0:8443)
  --server-name NAME         name in the certificate (default ${Install.WebhookService}.NAMESPACE.svc)
  --client-ca FILE           answer reviews only to clients with a certificate of this authority: the API server's
                             (docs/security.md says how it gets one)
  --client-name NAME         common name in that certificate; repeat for more (default any)
  --tls-min-version VERSION  ${Object.keys(TLS_VERSIONS).join(" or ")} (default VersionTLS12)
  --tls-cipher-suites LIST   suites of TLS 1.2, of those with forward secrecy (default all of them)
  --kubeconfig FILE          instead of the pod's ServiceAccount
  --agent-command PROGRAM    program in the image, where it has no entry point; repeat for arguments
  --native-sidecar           inject the sidecar as a restartable init-container (servers from 1.29)
  --follow-image             re-submit workloads at once when image or default resources change
  --sidecar-resources LIST   requests and limits of the injected sidecar where nobody says otherwise, such as
                             requests.cpu=10m,limits.memory=1Gi (default: docs/operations.md)
  --restore-resources LIST   those of the init-container of a restore
  --pull-secrets LIST        names of Secrets of our namespace with which the image is pulled, parted by commas
  --no-check-rights          let anyone who may create an invoker point it at any workload
  --trusted-user NAME        user whose rights are not checked; repeat for more
  --excluded-namespace NAME  leave workloads of this namespace alone; repeat for more
                             (default kube-system and our own)
  --snapshot-api HOST:PORT   serve snapshots.repositories.stash.appscode.com there (default: not at all)
  --drain DURATION           go on answering so long after SIGTERM (default 3s)
  --log-level LEVEL          ${LOG_LEVELS.join(", ")} (default info)`;

const OPTIONS = {
  image: { type: "string" },
  "tls-dir": { type: "string" },
  certificates: { type: "string" },
  namespace: { type: "string" },
  listen: { type: "string" },
  "server-name": { type: "string" },
  "client-ca": { type: "string" },
  "client-name": { type: "string", multiple: true },
  "tls-min-version": { type: "string" },
  "tls-cipher-suites": { type: "string" },
  kubeconfig: { type: "string" },
  "agent-command": { type: "string", multiple: true },
  "native-sidecar": { type: "boolean" },
  "follow-image": { type: "boolean" },
  ...RESOURCE_OPTIONS,
  ...PULL_SECRET_OPTIONS,
  "no-check-rights": { type: "boolean" },
  "trusted-user": { type: "string", multiple: true },
  "excluded-namespace": { type: "string", multiple: true },
  "snapshot-api": { type: "string" },
  drain: { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * Reads the command line and the environment.
 *
 * @returns `help` when it was asked for
 * @throws UserError CONFIGURATION_INVALID listing everything that is missing or wrong
 */
export function parseWebhookArgs(args: readonly string[], env: Environment): WebhookConfig | "help" {
  const flags = readFlags(args, OPTIONS);
  if (flags.help === true) return "help";
  const faults: string[] = [];
  const listen = tryAddress("--listen", flags.listen ?? "0.0.0.0:8443", faults);
  const snapshotApi = flags["snapshot-api"] ? tryAddress("--snapshot-api", flags["snapshot-api"], faults) : undefined;
  if (!flags.image && !knowsOwnPod(env)) faults.push("--image is missing, and nothing says which pod this is");
  const modes = Object.values(CertificateMode);
  const wantedMode = flags.certificates ?? CertificateMode.Own;
  const mode = modes.find((known) => known === wantedMode);
  if (mode === undefined) faults.push(`--certificates: ${wantedMode} is none of ${modes.join(", ")}`);
  if (flags["tls-dir"] !== undefined && flags.certificates !== undefined) {
    faults.push("--tls-dir and --certificates can't go together");
  }
  const wantedLevel = flags["log-level"] ?? "info";
  const logLevel = LOG_LEVELS.find((level) => level === wantedLevel);
  if (logLevel === undefined) faults.push(`--log-level: ${wantedLevel} is none of ${LOG_LEVELS.join(", ")}`);
  if (flags["client-name"] !== undefined && !flags["client-ca"]) faults.push("--client-name needs --client-ca");
  const tls = parseTlsOptions(flags["tls-min-version"], flags["tls-cipher-suites"], faults);
  const resources = readResourceFlags(flags, faults);
  const drainMs = readDrain(flags.drain ?? "3s", faults);
  const namespace = flags.namespace || env[Env.PodNamespace] || Install.Namespace;
  const pullSecrets = readPullSecrets(flags["pull-secrets"], namespace, faults);
  if (faults.length > 0) throw new UserError("CONFIGURATION_INVALID", faults.join("; "));
  const command = flags["agent-command"];
  return {
    ...listen,
    certificates: flags["tls-dir"]
      ? { kind: "folder", folder: flags["tls-dir"] }
      : { kind: "secret", namespace, mode: mode ?? CertificateMode.Own },
    serverName: flags["server-name"] ?? `${Install.WebhookService}.${namespace}.svc`,
    tls,
    clientCaPath: flags["client-ca"],
    clientNames: flags["client-name"] ?? [],
    kubeconfigPath: flags.kubeconfig,
    settings: {
      image: flags.image ?? "",
      ...(command !== undefined && { command }),
      nativeSidecar: flags["native-sidecar"] ?? false,
      followsImage: flags["follow-image"] ?? false,
      resources,
      ...(pullSecrets.length > 0 && { pullSecrets }),
    },
    checksRights: flags["no-check-rights"] !== true,
    trustedUsers: flags["trusted-user"] ?? [],
    excludedNamespaces: flags["excluded-namespace"] ?? ["kube-system", namespace],
    snapshotApi,
    namespace,
    logLevel: logLevel ?? "info",
    drainMs,
  };
}

function tryAddress(flag: string, text: string, faults: string[]): { readonly host: string; readonly port: number } {
  try {
    return readAddress(flag, text);
  } catch (thrown) {
    faults.push(messageOf(thrown));
    return { host: "", port: 0 };
  }
}

function readDrain(text: string, faults: string[]): number {
  try {
    return parseDuration(text, "--drain");
  } catch (thrown) {
    faults.push(messageOf(thrown));
    return 0;
  }
}

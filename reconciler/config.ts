/** Flags and environment of the reconciler. Every wrong one is reported in one go. */
import { Env, Install } from "../shared/contract.ts";
import { parseDuration } from "../shared/duration.ts";
import type { Environment } from "../shared/environment.ts";
import { messageOf, UserError } from "../shared/errors.ts";
import { readAddress, readFlags } from "../shared/flags.ts";
import { PULL_SECRET_OPTIONS, readPullSecrets } from "../shared/injection/pull-secrets.ts";
import { JOB_RESOURCE_OPTIONS, RESOURCE_OPTIONS, readResourceFlags } from "../shared/injection/resource-flags.ts";
import type { InjectionSettings } from "../shared/injection/view.ts";
import { knowsOwnPod } from "../shared/kube/own-image.ts";
import { LOG_LEVELS, type LogLevel } from "../shared/log.ts";
import { DEFAULT_MAX_UNAVAILABLE } from "./injection/rollouts.ts";
import { DEFAULT_TROUBLE_LIMITS, type TroubleLimits } from "./injection/trouble.ts";
import { DEFAULT_LIMITS, type Limits } from "./run/world.ts";

const TRIGGERS = ["in-process", "cronjob"] as const;
export type Trigger = (typeof TRIGGERS)[number];

export interface ReconcilerConfig {
  readonly kubeconfigPath: string | undefined;
  /** Only objects of this namespace; all when undefined. */
  readonly watchNamespace: string | undefined;
  readonly electsLeader: boolean;
  readonly leaseNamespace: string;
  /** Different for every process. */
  readonly identity: string;
  /** Where metrics and health are served. */
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  readonly trigger: Trigger;
  /** As the webhook has them: both compute the same hash. Without an image until the own pod is read. */
  readonly settings: InjectionSettings;
  readonly limits: Limits;
  readonly troubleLimits: TroubleLimits;
  /** Workloads that restart for their sidecar at the same time; the default when undefined. */
  readonly maxUnavailableWorkloads?: number;
  /** Whether to apply the catalogue and the budgets of the product's own Deployments. */
  readonly completesInstallation: boolean;
  /** Whether the webhook serves the Snapshot API: what users delete by it is removed here. */
  readonly deletesSnapshots: boolean;
}

export const RECONCILER_USAGE = `usage: stash-batch reconciler [flags]

  --image IMAGE                   image of the injected containers (default: that of our own pod)
  --agent-command PROGRAM         program in the image, where it has no entry point; repeat for arguments
  --native-sidecar                the webhook injects the sidecar as a restartable init-container
  --follow-image                  re-submit workloads at once when image or default resources change
  --sidecar-resources LIST        requests and limits of the injected sidecar where nobody says otherwise, such as
                                  requests.cpu=10m,limits.memory=1Gi (default: docs/operations.md)
  --restore-resources LIST        those of the init-container of a restore
  --job-resources LIST            those of each container of a job
  --pull-secrets LIST             names of Secrets of our namespace with which the image is pulled, parted by commas
  --kubeconfig FILE               instead of the pod's ServiceAccount
  --watch-namespace NAME          look at this namespace alone (default: all)
  --leader-elect=BOOL             act only while holding the Lease (default true)
  --lease-namespace NAME          where the Lease is (default $POD_NAMESPACE, else ${Install.Namespace})
  --listen HOST:PORT              where /metrics, /healthz and /readyz are served (default 0.0.0.0:8080)
  --trigger KIND                  ${TRIGGERS.join(" or ")}: what starts scheduled sessions (default in-process)
  --complete-installation         apply what manifests can't bring: the catalogue of Functions and Tasks, and disruption
                                  budgets for webhook and reconciler
  --snapshot-deletions            remove snapshots that users delete by the webhook's Snapshot API
  --pod-wait DURATION             longest wait for a target's pod (default 5m)
  --restore-wait DURATION         longest wait for the workload and the pods of a restore (default 24h)
  --heartbeat-stale DURATION      silence after which a vanished pod's host is given to another (default 30s)
  --agent-silent DURATION         silence after which an agent whose pod exists is given up (default 10m)
  --session-limit DURATION        longest time of a session without timeOut, where two periods of its schedule are not longer
                                  (default 24h; 0 for none)
  --restore-limit DURATION        longest time of a restore without timeOut, from its begin (default 168h; 0 for none)
  --maintenance-limit DURATION    longest time for checks and prune of a Repository, and for retention where there is no
                                  timeOut (default 6h)
  --maintenance-delay DURATION    how long a Repository must be at rest before checks and prune begin (default 30s)
  --hook-timeout DURATION         longest time of a hook that sets none (default 5m)
  --after-hook-wait DURATION      how long the command of an after-hook is tried while its pod can't be reached (default 30m)
  --pods-not-made-limit DURATION  how long pods of a workload can't be made because of the sidecar alone, before it is taken out
                                  (default 2m)
  --pods-not-ready-limit DURATION  how long they are not ready because of it alone, likewise (default 10m)
  --max-unavailable-workloads N   workloads that restart for their sidecar at the same time (default ${DEFAULT_MAX_UNAVAILABLE})
  --max-concurrent-hosts N        hosts of one target, such as nodes of a DaemonSet, that are at work at the same time
                                  (default 20)
  --log-level LEVEL               ${LOG_LEVELS.join(", ")} (default info)`;

const OPTIONS = {
  image: { type: "string" },
  "agent-command": { type: "string", multiple: true },
  "native-sidecar": { type: "boolean" },
  "follow-image": { type: "boolean" },
  ...RESOURCE_OPTIONS,
  ...JOB_RESOURCE_OPTIONS,
  ...PULL_SECRET_OPTIONS,
  kubeconfig: { type: "string" },
  "watch-namespace": { type: "string" },
  "leader-elect": { type: "string" },
  "lease-namespace": { type: "string" },
  listen: { type: "string" },
  trigger: { type: "string" },
  "complete-installation": { type: "boolean" },
  "snapshot-deletions": { type: "boolean" },
  "pod-wait": { type: "string" },
  "restore-wait": { type: "string" },
  "heartbeat-stale": { type: "string" },
  "agent-silent": { type: "string" },
  "session-limit": { type: "string" },
  "restore-limit": { type: "string" },
  "maintenance-limit": { type: "string" },
  "maintenance-delay": { type: "string" },
  "hook-timeout": { type: "string" },
  "after-hook-wait": { type: "string" },
  "pods-not-made-limit": { type: "string" },
  "pods-not-ready-limit": { type: "string" },
  "max-unavailable-workloads": { type: "string" },
  "max-concurrent-hosts": { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * Reads the command line and the environment.
 *
 * @param random text that no other process has
 * @returns `help` when it was asked for
 * @throws UserError CONFIGURATION_INVALID listing everything that is missing or wrong
 */
export function parseReconcilerArgs(
  args: readonly string[],
  env: Environment,
  random: string,
): ReconcilerConfig | "help" {
  const flags = readFlags(args, OPTIONS);
  if (flags.help === true) return "help";
  const faults: string[] = [];
  const attempt = <T>(read: () => T, fallback: T): T => {
    try {
      return read();
    } catch (error) {
      faults.push(messageOf(error));
      return fallback;
    }
  };
  const oneOf = <T extends string>(flag: string, text: string | undefined, list: readonly T[], fallback: T): T => {
    const found = list.find((item) => item === (text ?? fallback));
    if (found === undefined) faults.push(`--${flag}: ${text} is none of ${list.join(", ")}`);
    return found ?? fallback;
  };
  const limit = (flag: string, text: string | undefined, fallbackMs: number): number =>
    text === undefined ? fallbackMs : attempt(() => readLimit(flag, text), fallbackMs);

  const limitOrNone = (flag: string, text: string | undefined, fallbackMs: number): number =>
    text === undefined ? fallbackMs : attempt(() => readLimitOrNone(flag, text), fallbackMs);

  if (!flags.image && !knowsOwnPod(env)) faults.push("--image is missing, and nothing says which pod this is");
  const { host, port } = attempt(() => readAddress("--listen", flags.listen ?? "0.0.0.0:8080"), { host: "", port: 0 });
  const podName = env[Env.PodName];
  const podNamespace = env[Env.PodNamespace];
  const command = flags["agent-command"];
  const resources = readResourceFlags(flags, faults);
  const pullSecrets = readPullSecrets(flags["pull-secrets"], podNamespace ?? Install.Namespace, faults);
  const config: ReconcilerConfig = {
    kubeconfigPath: flags.kubeconfig,
    watchNamespace: flags["watch-namespace"],
    electsLeader: oneOf("leader-elect", flags["leader-elect"], ["true", "false"], "true") === "true",
    leaseNamespace: flags["lease-namespace"] ?? podNamespace ?? Install.Namespace,
    identity: `${podName ?? "reconciler"}-${random}`,
    host,
    port,
    logLevel: oneOf("log-level", flags["log-level"], LOG_LEVELS, "info"),
    trigger: oneOf("trigger", flags.trigger, TRIGGERS, "in-process"),
    settings: {
      image: flags.image ?? "",
      ...(command !== undefined && { command }),
      nativeSidecar: flags["native-sidecar"] ?? false,
      followsImage: flags["follow-image"] ?? false,
      resources,
      ...(pullSecrets.length > 0 && { pullSecrets }),
    },
    completesInstallation: flags["complete-installation"] ?? false,
    deletesSnapshots: flags["snapshot-deletions"] ?? false,
    troubleLimits: {
      notMadeMs: limit("pods-not-made-limit", flags["pods-not-made-limit"], DEFAULT_TROUBLE_LIMITS.notMadeMs),
      notReadyMs: limit("pods-not-ready-limit", flags["pods-not-ready-limit"], DEFAULT_TROUBLE_LIMITS.notReadyMs),
    },
    ...(flags["max-unavailable-workloads"] !== undefined && {
      maxUnavailableWorkloads: attempt(
        () => readCount("max-unavailable-workloads", flags["max-unavailable-workloads"], DEFAULT_MAX_UNAVAILABLE),
        DEFAULT_MAX_UNAVAILABLE,
      ),
    }),
    limits: {
      podWaitMs: limit("pod-wait", flags["pod-wait"], DEFAULT_LIMITS.podWaitMs),
      restoreWaitMs: limit("restore-wait", flags["restore-wait"], DEFAULT_LIMITS.restoreWaitMs),
      heartbeatStaleMs: limit("heartbeat-stale", flags["heartbeat-stale"], DEFAULT_LIMITS.heartbeatStaleMs),
      agentSilentMs: limit("agent-silent", flags["agent-silent"], DEFAULT_LIMITS.agentSilentMs),
      sessionMs: limitOrNone("session-limit", flags["session-limit"], DEFAULT_LIMITS.sessionMs),
      restoreMs: limitOrNone("restore-limit", flags["restore-limit"], DEFAULT_LIMITS.restoreMs),
      maintenanceMs: limit("maintenance-limit", flags["maintenance-limit"], DEFAULT_LIMITS.maintenanceMs),
      maintenanceDelayMs: limit("maintenance-delay", flags["maintenance-delay"], DEFAULT_LIMITS.maintenanceDelayMs),
      hookMs: limit("hook-timeout", flags["hook-timeout"], DEFAULT_LIMITS.hookMs),
      hookBeginMs: limit("after-hook-wait", flags["after-hook-wait"], DEFAULT_LIMITS.hookBeginMs),
      maxConcurrentHosts: attempt(
        () => readCount("max-concurrent-hosts", flags["max-concurrent-hosts"], DEFAULT_LIMITS.maxConcurrentHosts),
        DEFAULT_LIMITS.maxConcurrentHosts,
      ),
    },
  };
  if (faults.length > 0) throw new UserError("CONFIGURATION_INVALID", faults.join("; "));
  return config;
}

function readLimit(flag: string, text: string): number {
  const limitMs = parseDuration(text, `--${flag}`);
  if (limitMs <= 0) throw new UserError("CONFIGURATION_INVALID", `--${flag}: ${text} is not above zero`);
  return limitMs;
}

function readLimitOrNone(flag: string, text: string): number {
  return parseDuration(text, `--${flag}`) === 0 ? 0 : readLimit(flag, text);
}

function readCount(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^[1-9][0-9]{0,4}$/.test(text)) {
    throw new UserError("CONFIGURATION_INVALID", `--${flag}: ${text} is no number from 1 to 99999`);
  }
  return Number(text);
}

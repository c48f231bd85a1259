/** Where an agent stands: its pod, its folders, its target. Gathered once from flags and environment. */
import { hostname } from "node:os";
import { Env, Path } from "../shared/contract.ts";
import type { Environment } from "../shared/environment.ts";
import { podOrdinal } from "../shared/target/hosts.ts";
import { targetKey } from "../shared/target/ref.ts";
import { type Flags, flagBoolean, flagText } from "./flags.ts";
import type { ApiIdentity } from "./kube/identity.ts";
import { gatherIdentity } from "./kube/identity.ts";
import { createAgentLogger, type Logger } from "./log.ts";
import { gatherMemoryLimit } from "./restic/memory.ts";

export interface PodFacts {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly nodeName: string | undefined;
  readonly ip: string | undefined;
  /** Of a StatefulSet's pod, or what POD_ORDINAL says. */
  readonly ordinal: number | undefined;
}

export interface AgentSettings {
  readonly flags: Flags;
  readonly env: Environment;
  readonly pod: PodFacts;
  readonly target: { readonly kind: string; readonly namespace: string; readonly name: string };
  /** `targetKey()` of the target. */
  readonly targetKey: string;
  readonly scratch: string;
  readonly secretsRoot: string;
  readonly isCacheEnabled: boolean;
  readonly memoryLimitBytes: number | undefined;
  readonly identity: ApiIdentity;
  readonly log: Logger;
}

/** @throws UserError CONFIGURATION_INVALID when the API server can't be found or no identity is there */
export function gatherSettings(flags: Flags, env: Environment): AgentSettings {
  const identityFolder = flagText(flags, "identity-dir");
  const identity = identityFolder === undefined ? gatherIdentity(env) : gatherIdentity(env, [identityFolder]);
  const namespace = env[Env.PodNamespace] || identity.namespace;
  const podName = env[Env.PodName] || hostname();
  const ordinal = env[Env.PodOrdinal];
  const target = {
    kind: flagText(flags, "target-kind") ?? "",
    namespace: flagText(flags, "target-namespace") ?? namespace,
    name: flagText(flags, "target-name") ?? "",
  };
  return {
    flags,
    env,
    pod: {
      name: podName,
      uid: env[Env.PodUid] ?? "",
      namespace,
      nodeName: env[Env.NodeName] || undefined,
      ip: env[Env.PodIp] || undefined,
      ordinal: ordinal ? Number(ordinal) : podOrdinal(podName),
    },
    target,
    targetKey: targetKey(target),
    scratch: flagText(flags, "scratch-dir") ?? Path.Scratch,
    secretsRoot: flagText(flags, "secrets-dir") ?? Path.Secrets,
    isCacheEnabled: flagBoolean(flags, "enable-cache", true),
    memoryLimitBytes: gatherMemoryLimit(),
    identity,
    log: createAgentLogger(flags.get("v") === undefined ? "info" : "debug", (line) => process.stderr.write(line)),
  };
}

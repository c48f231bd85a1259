/** Which entry a job's container serves. */
import { Env } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { hostName } from "../../shared/hosts.ts";
import { flagText } from "../flags.ts";
import type { AgentSettings } from "../settings.ts";
import type { TurnIdentity } from "../turn.ts";

/**
 * The host that the flags name, else the one that follows from the target's kind. Where the reconciler says so, the entry
 * must name this very pod: a hook may have to run before the turn.
 *
 * @throws UserError CONFIGURATION_INVALID when neither tells
 */
export function jobIdentity(settings: AgentSettings): TurnIdentity {
  const { env, flags, pod, target, targetKey } = settings;
  if (env[Env.TurnByPod] === "true") return { targetKey, podName: pod.name, podUid: pod.uid };
  const hostname =
    flagText(flags, "hostname") ??
    hostName({
      kind: target.kind,
      alias: flagText(flags, "alias"),
      ...(pod.ordinal !== undefined && { ordinal: pod.ordinal }),
      ...(pod.nodeName !== undefined && { nodeName: pod.nodeName }),
    });
  if (hostname === undefined) throw new UserError("CONFIGURATION_INVALID", "missing flag: --hostname");
  return { targetKey, podName: pod.name, podUid: pod.uid, hostname };
}

/** Values of a comma-separated flag. */
export function listFlag(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").filter((part) => part !== "");
}

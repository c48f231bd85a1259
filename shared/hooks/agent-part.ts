/** Which part of a member's hook the agent runs. Pure. */
import type { Handler } from "../api/hooks.ts";
import { Container } from "../contract.ts";

const OWN_CONTAINERS: readonly string[] = [Container.Sidecar, Container.RestoreInit];

/** The application's containers are the reconciler's; HTTP, TCP and commands in our own container are the agent's. */
export function agentPart(handler: Handler | undefined): Handler | undefined {
  if (handler === undefined) return undefined;
  const { exec, ...rest } = handler;
  const isOwnCommand = exec !== undefined && OWN_CONTAINERS.includes(handler.containerName ?? "");
  const part: Handler = isOwnCommand ? handler : rest;
  const hasWork =
    part.exec !== undefined ||
    part.httpGet !== undefined ||
    part.httpPost !== undefined ||
    part.tcpSocket !== undefined;
  return hasWork ? part : undefined;
}

/** What of a hook is run, and by whom. Pure. */
import type { Handler } from "../api/hooks.ts";
import { Container } from "../contract.ts";
import { parseDuration } from "../duration.ts";

const OWN_CONTAINERS: readonly string[] = [Container.Sidecar, Container.RestoreInit];

/** Whether a hook does anything at all. */
export function hasHandler(handler: Handler | undefined): handler is Handler {
  return (
    handler !== undefined &&
    (handler.exec !== undefined ||
      handler.httpGet !== undefined ||
      handler.httpPost !== undefined ||
      handler.tcpSocket !== undefined)
  );
}

function isInOwnContainer({ containerName }: Handler): boolean {
  return OWN_CONTAINERS.includes(containerName ?? "");
}

/** The part of a member's hook that the agent runs: HTTP, TCP and commands in our own container. */
export function agentPart(handler: Handler | undefined): Handler | undefined {
  if (handler === undefined) return undefined;
  const { exec, ...rest } = handler;
  const part: Handler = exec !== undefined && isInOwnContainer(handler) ? handler : rest;
  return hasHandler(part) ? part : undefined;
}

/** The part that the reconciler runs: a command in one of the application's containers. */
export function reconcilerPart(handler: Handler | undefined): Handler | undefined {
  if (handler?.exec === undefined || isInOwnContainer(handler)) return undefined;
  const { exec, timeout, containerName } = handler;
  return {
    exec,
    ...(containerName !== undefined && { containerName }),
    ...(timeout !== undefined && { timeout }),
  };
}

/** Time limit of a hook: its own, else the given one, in milliseconds. */
export function hookTimeoutMs(handler: Handler, defaultMs: number): number {
  return handler.timeout === undefined ? defaultMs : parseDuration(handler.timeout, "timeout") || defaultMs;
}

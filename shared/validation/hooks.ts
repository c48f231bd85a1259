/** Hooks: each has exactly one handler, and the handler can be called. */
import type { Handler, Hooks } from "../api/hooks.ts";
import { parseDuration } from "../duration.ts";
import { messageOf } from "../errors.ts";
import { type Finding, fault } from "./finding.ts";

const HANDLERS = ["exec", "httpGet", "httpPost", "tcpSocket"] as const;
const MAX_PORT = 65_535;

/**
 * Validates before- and after-hooks.
 *
 * @param field where they stand, such as `spec.hooks`
 */
export function findHookFaults(hooks: Hooks | undefined, field: string): readonly Finding[] {
  return Object.entries(hooks ?? {}).flatMap(([name, handler]) => findHandlerFaults(handler, `${field}.${name}`));
}

/** Whether a hook of them runs a program in a container. */
export function hasExecHook(hooks: Hooks | undefined): boolean {
  return Object.values(hooks ?? {}).some((handler) => handler?.exec !== undefined);
}

function findHandlerFaults(handler: Handler | undefined, field: string): readonly Finding[] {
  if (handler === undefined) return [];
  const given = HANDLERS.filter((name) => handler[name] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? "no handler" : `${given.length} handlers (${given.join(", ")})`;
    return [fault(field, `has ${found}`, `Set one of ${HANDLERS.join(", ")}.`)];
  }
  return [...findExecFaults(handler, field), ...findPortFaults(handler, field), ...findTimeoutFaults(handler, field)];
}

function findExecFaults({ exec }: Handler, field: string): readonly Finding[] {
  if (exec === undefined || (exec.command ?? []).length > 0) return [];
  return [fault(`${field}.exec.command`, "is empty", "Name the program and its arguments.")];
}

function findPortFaults(handler: Handler, field: string): readonly Finding[] {
  for (const name of ["httpGet", "httpPost", "tcpSocket"] as const) {
    const port = handler[name]?.port;
    if (port === undefined) continue;
    const at = `${field}.${name}.port`;
    const isNumber = typeof port === "number" || /^\d+$/.test(port);
    if (isNumber && (Number(port) < 1 || Number(port) > MAX_PORT)) {
      return [fault(at, `${port} is no port`, `Write a number from 1 to ${MAX_PORT}, or a port's name.`)];
    }
    if (!isNumber && !handler.containerName) {
      return [
        fault(at, `${port} is a name, and no container has it`, "Set containerName to the container with that port."),
      ];
    }
  }
  return [];
}

function findTimeoutFaults({ timeout }: Handler, field: string): readonly Finding[] {
  if (timeout === undefined) return [];
  try {
    parseDuration(timeout, `${field}.timeout`);
    return [];
  } catch (thrown) {
    return [fault(`${field}.timeout`, messageOf(thrown), "Write a duration such as 30s or 5m.")];
  }
}

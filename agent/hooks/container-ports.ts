/** Named ports of the pod's containers. The agent may not read pods, so the injection tells them by the environment. */
import { Env } from "../../shared/contract.ts";
import { isObject } from "../parse/check.ts";

/** Ports of one container by name; empty when nothing is known. Only a container that is named has port names. */
export function namedPorts(
  env: Readonly<Record<string, string | undefined>>,
  containerName: string | undefined,
): ReadonlyMap<string, number> {
  const text = env[Env.ContainerPorts];
  if (!text || containerName === undefined) return new Map();
  let all: unknown;
  try {
    all = JSON.parse(text);
  } catch {
    return new Map();
  }
  const ports = isObject(all) ? all[containerName] : undefined;
  if (!isObject(ports)) return new Map();
  return new Map(
    Object.entries(ports).flatMap(([name, port]) => (typeof port === "number" ? [[name, port] as const] : [])),
  );
}

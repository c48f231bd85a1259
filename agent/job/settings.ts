/** Where an agent stands that is a step of a job. */
import { Env } from "../../shared/contract.ts";
import type { Environment } from "../../shared/environment.ts";
import { type Flags, parseFlags } from "../flags.ts";
import { type AgentSettings, gatherSettings } from "../settings.ts";

/** Flags that upstream's Functions for databases leave out, from those that they give, and from the environment. */
export function jobFlags(given: Flags, env: Environment): Flags {
  const binding = given.get("appbinding");
  const fallbacks: readonly (readonly [string, string | undefined])[] = [
    ["target-kind", binding && "AppBinding"],
    ["target-name", binding],
    ["target-namespace", given.get("appbinding-namespace")],
    ["invoker-kind", env[Env.InvokerKind]],
    ["invoker-name", env[Env.InvokerName]],
  ];
  const flags = new Map(given);
  for (const [name, value] of fallbacks) if (!flags.get(name) && value) flags.set(name, value);
  return flags;
}

/** @throws UserError CONFIGURATION_INVALID */
export function gatherJobSettings(argv: readonly string[], env: Environment): AgentSettings {
  const settings = gatherSettings(jobFlags(parseFlags(argv), env), env);
  const appHost = env[Env.AppHost];
  return appHost ? { ...settings, pod: { ...settings.pod, ip: appHost } } : settings;
}

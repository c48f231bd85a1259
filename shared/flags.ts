/** Flags of the programs that are started by manifests. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { messageOf, UserError } from "./errors.ts";

/**
 * Reads flags, and nothing but flags.
 *
 * @throws UserError CONFIGURATION_INVALID naming the first that is unknown or has no value
 */
export function readFlags<const Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (cause) {
    throw new UserError("CONFIGURATION_INVALID", messageOf(cause), { cause });
  }
}

/**
 * Reads HOST:PORT, where an IPv6 address stands in brackets; all addresses without a host.
 *
 * @throws UserError CONFIGURATION_INVALID naming the flag
 */
export function readAddress(flag: string, text: string): { readonly host: string; readonly port: number } {
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(text) ?? [];
  if (port === "" || Number(port) > 65_535) {
    throw new UserError("CONFIGURATION_INVALID", `${flag}: ${text} is no HOST:PORT`);
  }
  return { host: host.replace(/^\[|\]$/g, "") || "0.0.0.0", port: Number(port) };
}

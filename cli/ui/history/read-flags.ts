/** Which Prometheus tells what is older than the cluster knows, as the command line says. */
import type { FlagValues } from "../../program/flag-values.ts";
import { UsageError } from "../../program/usage-error.ts";
import type { HistoryPlace } from "../served.ts";
import { readPlace } from "./source.ts";

const LABEL = /^([A-Za-z_]\w*)=(.+)$/s;

/** @throws UsageError */
export function readHistoryFlags(flags: FlagValues): HistoryPlace | undefined {
  const [text, label] = [flags.text("prometheus"), flags.text("prometheus-label")];
  if (text === undefined) {
    if (label === undefined) return undefined;
    throw new UsageError("--prometheus-label goes with --prometheus", "leave it out, or say which Prometheus");
  }
  const place = readPlace(text);
  if (flags.has("in-cluster") && place.kind === "url") {
    throw new UsageError(
      "with --in-cluster, Prometheus is asked with each person's own rights, and an address has none",
      "name its Service: --prometheus NAMESPACE/SERVICE:PORT",
    );
  }
  return { place, matcher: label === undefined ? undefined : readMatcher(label) };
}

function readMatcher(text: string): string {
  const [, name, value] = LABEL.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return `${name}=${JSON.stringify(value)}`;
  throw new UsageError(`--prometheus-label ${JSON.stringify(text)} is no label`, "write NAME=VALUE: cluster=prod");
}

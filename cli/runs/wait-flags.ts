/** Flags of commands that may wait for what they start. */
import { parseDuration } from "../../shared/duration.ts";
import { UserError } from "../../shared/errors.ts";
import type { FlagSpec } from "../program/command.ts";
import type { FlagValues } from "../program/flag-values.ts";
import { UsageError } from "../program/usage-error.ts";

export const WAIT_FLAGS: readonly FlagSpec[] = [
  { flags: "--wait", summary: "show how far it is, and end when it has ended, with its exit code" },
  {
    flags: "--timeout <duration>",
    summary: "with --wait: how long at most, such as 30m; it goes on in the cluster then",
  },
];

/** @throws UsageError */
export function readTimeout(flags: FlagValues): number | undefined {
  const text = flags.text("timeout");
  if (text === undefined) return undefined;
  try {
    const ms = parseDuration(text, "--timeout");
    if (ms > 0) return ms;
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
  }
  throw new UsageError(
    `--timeout ${JSON.stringify(text)} is no duration`,
    "write a number with a unit, such as 30m or 1h30m",
  );
}

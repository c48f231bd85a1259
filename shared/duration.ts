/** Durations in Go's text form, as the API writes them: `30m`, `1h30m`, `1.5s`, `250ms`. */
import { UserError } from "./errors.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;

/** Longer than any that Go writes; texts come from annotations, too. */
export const MAX_DURATION_LENGTH = 32;

/** As long as Go's are, 292 years: what is later than any date is no time to wait for, and no date can be told of it. */
const MAX_DURATION_MS = 2 ** 63 / 1e6;

/**
 * Reads a Go duration.
 *
 * @param text such as `1h30m`, `-5s` or `0`
 * @param field where the text stands, for the error
 * @returns milliseconds, possibly fractional or negative
 * @throws UserError INVALID_DURATION naming the field
 */
export function parseDuration(text: string, field: string): number {
  if (text.length > MAX_DURATION_LENGTH) {
    const message = `${field}: a text of ${text.length} characters is no duration`;
    throw new UserError("INVALID_DURATION", message);
  }
  const negative = text.startsWith("-");
  const body = negative || text.startsWith("+") ? text.slice(1) : text;
  if (body === "0") return 0;
  let totalMs = 0;
  let end = 0;
  PART.lastIndex = 0;
  for (let part = PART.exec(body); part !== null; part = PART.exec(body)) {
    totalMs += Number(part[1]) * (UNIT_MS[part[2] ?? ""] ?? Number.NaN);
    end = PART.lastIndex;
  }
  if (body === "" || end !== body.length) {
    throw new UserError("INVALID_DURATION", `${field}: ${JSON.stringify(text)} is no duration`);
  }
  if (totalMs > MAX_DURATION_MS) {
    throw new UserError("INVALID_DURATION", `${field}: ${JSON.stringify(text)} is longer than 292 years`);
  }
  return negative ? -totalMs : totalMs;
}

/**
 * Writes a duration as Go's `Duration.String()` does: `1h2m3s`, `1.5s`, `250ms`, `0s`.
 *
 * @param durationMs milliseconds
 */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return "0s";
  const sign = durationMs < 0 ? "-" : "";
  const ms = Math.abs(durationMs);
  if (ms < 1_000) return `${sign}${trimZeros(ms.toFixed(6))}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = trimZeros(((ms % 60_000) / 1_000).toFixed(9));
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}

/** As formatDuration, rounded to whole seconds: how sessionDuration is written. */
export function formatRoundedDuration(durationMs: number): string {
  return formatDuration(Math.round(durationMs / 1_000) * 1_000);
}

function trimZeros(decimal: string): string {
  return decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
}

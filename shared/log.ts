/** Log fields and redaction, the same in every program. Messages are constant and lower-case; facts are fields. */
import { type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Paths whose values never reach a log line. */
const REDACTED = [
  "password",
  "token",
  "*.password",
  "*.token",
  "*.RESTIC_PASSWORD",
  "*.AWS_SECRET_ACCESS_KEY",
  "env",
  "*.env",
  "headers.authorization",
  "*.headers.authorization",
];

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * JSON logger of a program.
 *
 * @param program name in every line, such as `webhook`
 * @param level lowest level that is written
 */
export function createLogger(program: string, level: LogLevel): Logger {
  return pino({ level, redact: { paths: REDACTED, censor: "[redacted]" }, base: { program } });
}

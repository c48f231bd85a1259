/** JSON lines on stderr. The agent is measured by its idle memory, so it does without the logger of the other programs. */

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const;
export type LogLevel = keyof typeof LEVELS;

/**
 * Logger whose lines look like those of the other programs.
 *
 * @param lowest lines below this level are left out
 * @param write takes one whole line
 */
export function createAgentLogger(lowest: LogLevel, write: (line: string) => void): Logger {
  const at = (level: LogLevel) => (fields: LogFields, message: string) => {
    if (LEVELS[level] < LEVELS[lowest]) return;
    write(`${JSON.stringify({ level: LEVELS[level], time: Date.now(), program: "agent", ...fields, msg: message })}\n`);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

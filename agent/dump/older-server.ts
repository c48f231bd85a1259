/**
 * Lines that newer clients write into every dump and that an older server refuses, though they ask only for what it does
 * anyway. They are left out or shortened, so that a dump by this image's clients comes back into the server it is of. Pure.
 *
 * | line | changed |
 * |---|---|
 * | `SET <name>_timeout = 0;` | left out where the server has no such setting: 0 is "none" |
 * | `CREATE DATABASE ... LOCALE_PROVIDER = libc` | without the provider where there is only that one, before version 15 |
 * | any other | no: what a server can't do has to be said |
 */

/** @param line without its line break. @returns what stands in its place; undefined is nothing */
export type EditLine = (line: string) => string | undefined;

/** Settings that pg_dump sets to 0 at the head of each database. */
export const HEADER_TIMEOUTS: readonly string[] = [
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
  "transaction_timeout",
];

/** What `listSettings` of the plan asks for: the number of the version, and the name of each setting. */
export const SETTINGS_QUERY =
  "SELECT pg_catalog.current_setting('server_version_num') UNION ALL SELECT name FROM pg_catalog.pg_settings";

const FIRST_WITH_PROVIDERS = 150_000;

const TIMEOUT = /^SET ([a-z_]+_timeout) = 0;$/;
const NAME = `(?:"(?:[^"]|"")+"|[^\\s"';]+)`;
const PROVIDER = new RegExp(
  `^(CREATE DATABASE ${NAME} WITH TEMPLATE = template0(?: ENCODING = '[^']*')?) LOCALE_PROVIDER = libc((?: [A-Z_]+ = (?:'[^']*'|${NAME}))*;)$`,
);

/**
 * @param answer lines of the server's answer to SETTINGS_QUERY
 * @returns undefined when the server knows all that a dump's head may hold
 */
export function editForOlderServer(answer: readonly string[]): EditLine | undefined {
  const names = new Set(answer);
  const version = Number(answer.find((line) => /^\d+$/.test(line)));
  const hasProviders = !(version < FIRST_WITH_PROVIDERS);
  if (hasProviders && HEADER_TIMEOUTS.every((name) => names.has(name))) return undefined;
  return (line) => {
    const timeout = TIMEOUT.exec(line)?.[1];
    if (timeout !== undefined && !names.has(timeout)) return undefined;
    return hasProviders ? line : line.replace(PROVIDER, "$1$2");
  };
}

/** What a database's program said although it ended well. Pure. */

const MAX_REMARKS = 20;
/** What a server tells of what went as it was asked to. */
const SMALL_TALK = /^(psql:.*: )?(NOTICE|INFO|LOG|DEBUG\d?):/;

/**
 * A client that was told to go on after errors (`--force`, `ON_ERROR_STOP=0`) ends with 0 whatever failed, and says so on the way:
 * `ERROR 1146 (42S02) at line 5: ...` of MySQL and MariaDB, `psql:<stdin>:5: ERROR:  ...` of PostgreSQL.
 */
export function isStatementFault(line: string): boolean {
  return /^(ERROR \d+ \(|(psql:.*: )?(ERROR|FATAL|PANIC):)/.test(line);
}

/** The words as warnings, few enough for a status. @param program such as `dump program` */
export function remarksOf(words: readonly string[], program: string): readonly string[] {
  const lines = words
    .flatMap((text) => text.split("\n"))
    .filter((line) => line.trim() !== "" && !SMALL_TALK.test(line));
  const rest = lines.length - MAX_REMARKS;
  return [...lines.slice(0, MAX_REMARKS), ...(rest > 0 ? [`${rest} more remarks of the ${program}`] : [])];
}

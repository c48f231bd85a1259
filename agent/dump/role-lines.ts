/**
 * The lines about roles of a whole cluster's dump (`pg_dumpall`), made fit for a server that has some of them. Pure.
 *
 * | line | kept |
 * |---|---|
 * | `CREATE ROLE r` | unless `r` exists |
 * | `DROP ROLE r` | unless `r` is who loads |
 * | `ALTER ROLE r WITH ... PASSWORD` | unless `r` is who loads: its password is that of the Secret (L101) |
 * | any other | yes |
 */

/** First words of pg_dumpall's output; nothing else is looked at. */
const CLUSTER_DUMP = "-- PostgreSQL database cluster dump";
/** What follows belongs to one database, and may hold anybody's text. */
const END_OF_ROLES = /^\\connect\b/;
/** A header of comments, then roles: more than this many lines before a database is no cluster dump of ours. */
const HEADER_LINES = 5;

export interface RoleLines {
  /** Whether the rest is to be passed on without looking at it. */
  isOver(): boolean;
  /** @param line without its line break. @returns whether it is kept */
  keeps(line: string): boolean;
}

const STATEMENT =
  /^(CREATE ROLE|DROP ROLE(?: IF EXISTS)?|ALTER ROLE) ("(?:[^"]|"")+"|[^\s;"]+)(;| WITH .*\bPASSWORD '[^']*'.*;)$/;

/**
 * @param existing names of the roles that the server has
 * @param own name of the role that loads the dump
 */
export function readRoleLines(existing: readonly string[], own: string): RoleLines {
  const known = new Set(existing);
  let isOver = false;
  let isCluster = false;
  let count = 0;
  return {
    isOver: () => isOver,
    keeps(line) {
      if (isOver) return true;
      count++;
      if (line === CLUSTER_DUMP) isCluster = true;
      if (END_OF_ROLES.test(line) || (!isCluster && count >= HEADER_LINES)) isOver = true;
      const match = isCluster && !isOver ? STATEMENT.exec(line) : null;
      if (match === null) return true;
      const [, verb = "", quoted = "", rest] = match;
      const name = quoted.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted;
      if (verb === "CREATE ROLE") return !known.has(name);
      if (verb === "ALTER ROLE") return rest === ";" || name !== own;
      if (name === own) return false;
      known.delete(name);
      return true;
    },
  };
}

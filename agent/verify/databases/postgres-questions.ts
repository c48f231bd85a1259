/** Questions to PostgreSQL. Pure. */
import type { DumpPlan } from "../../dump/plan.ts";
import type { Question, Questions } from "./questions.ts";

const hex = (column: string) => `pg_catalog.encode(pg_catalog.convert_to(${column}::text, 'UTF8'), 'hex')`;

const DATABASES = `SELECT ${hex("datname")} FROM pg_catalog.pg_database WHERE datallowconn ORDER BY datname`;
/** Of a partitioned table the partitions have the rows. */
const TABLES = `SELECT ${hex("n.nspname")} || ' ' || ${hex("c.relname")}
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY n.nspname, c.relname`;

export function postgresQuestions({ client }: DumpPlan): Questions {
  const ask = (statement: string, database?: string, limitSeconds?: number): Question => ({
    call: {
      // What begins with a backslash is a command of psql, and nothing else is: no statement does, behind a space.
      argv: [...client.argv, "--quiet", "--tuples-only", "--no-align", `--command= ${statement}`],
      env: {
        ...client.env,
        // Unlike an argument it is never read as a list of settings.
        ...(database !== undefined && { PGDATABASE: database }),
        ...(limitSeconds !== undefined && { PGOPTIONS: `-c statement_timeout=${limitSeconds}s` }),
      },
    },
    input: "",
  });
  return {
    listDatabases: ask(DATABASES),
    listTables: (database) => ask(TABLES, database),
    countRows: (tables) =>
      ask(
        tables
          .map(({ schema, name }, at) => `SELECT '${at} ' || pg_catalog.count(*) FROM ${quote(schema)}.${quote(name)}`)
          .join("\nUNION ALL "),
        tables[0]?.database,
      ),
    ask,
  };
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

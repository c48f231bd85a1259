/** What is asked of a restored database, kind by kind. */
import type { ProgramCall } from "../../dump/plan.ts";

/** A program to run, and what it reads. Its output is the answer. */
export interface Question {
  readonly call: ProgramCall;
  readonly input: string;
}

export interface Table {
  /** Of PostgreSQL; with MySQL and MariaDB that is the schema. */
  readonly database?: string;
  readonly schema: string;
  readonly name: string;
}

export interface Questions {
  /** Databases that are looked into one by one, a name in hexadecimal digits a line; undefined where one question sees all. */
  readonly listDatabases: Question | undefined;
  /** A table a line: schema and name in hexadecimal digits. */
  listTables(database: string | undefined): Question;
  /** A table a line: its place among these and its rows. All are of one database. */
  countRows(tables: readonly Table[]): Question;
  /** Somebody's statement: nothing in it is taken for a command of the client. */
  ask(statement: string, database: string | undefined, limitSeconds: number): Question;
}

export function formatTable({ database, schema, name }: Table): string {
  return [database, schema, name].filter((part) => part !== undefined).join(".");
}

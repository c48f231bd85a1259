/** Puts questions to a restored database. */
import type { Environment } from "../../../shared/environment.ts";
import { UserError } from "../../../shared/errors.ts";
import { formatExit, OUTPUT_LENGTH, runDatabaseProgram } from "../../dump/run-program.ts";
import { formatTable, type Question, type Questions, type Table } from "./questions.ts";

export interface AskPorts {
  readonly env: Environment;
  readonly signal: AbortSignal;
}

/** Far more than counting takes, unless the server is stuck. */
const OWN_LIMIT_MS = 30 * 60_000;
/** Tables that are counted by one question. */
const TABLES_AT_ONCE = 50;

/** @returns what the client prints @throws UserError DUMP_FAILED in its words */
export async function ask(
  { call, input }: Question,
  { env, signal }: AskPorts,
  limitMs: number = OWN_LIMIT_MS,
): Promise<string> {
  const exit = await runDatabaseProgram(call, {
    env,
    signal,
    timeLimitMs: limitMs,
    onStdin(stdin) {
      // A client that went away is seen by its exit.
      stdin.on("error", () => undefined);
      stdin.end(input);
    },
  });
  if (exit.code !== 0 || exit.isTimedOut) throw new UserError("DUMP_FAILED", formatExit(call, exit));
  if (exit.output.length >= OUTPUT_LENGTH) throw new UserError("DUMP_FAILED", "the answer is longer than it may be");
  return exit.output;
}

export interface CountedTable {
  readonly name: string;
  readonly rows: number;
}

function fromHex(text: string): string {
  return Buffer.from(text, "hex").toString("utf8");
}

async function listTables(questions: Questions, ports: AskPorts): Promise<readonly Table[]> {
  const { listDatabases } = questions;
  const databases = listDatabases === undefined ? [undefined] : linesOf(await ask(listDatabases, ports)).map(fromHex);
  const tables: Table[] = [];
  for (const database of databases) {
    for (const line of linesOf(await ask(questions.listTables(database), ports))) {
      const [schema = "", name = ""] = line.split(/\s+/).map(fromHex);
      tables.push({ schema, name, ...(database !== undefined && { database }) });
    }
  }
  return tables;
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

/** Counts the rows of all tables. @throws UserError DUMP_FAILED when the server does not answer */
export async function countTables(questions: Questions, ports: AskPorts): Promise<readonly CountedTable[]> {
  const tables = await listTables(questions, ports);
  const counted: CountedTable[] = [];
  for (const database of new Set(tables.map((table) => table.database))) {
    const own = tables.filter((table) => table.database === database);
    for (let from = 0; from < own.length; from += TABLES_AT_ONCE) {
      const group = own.slice(from, from + TABLES_AT_ONCE);
      const rows = new Map(linesOf(await ask(questions.countRows(group), ports)).map(readCount));
      for (const [at, table] of group.entries()) {
        const count = rows.get(at);
        if (count === undefined) throw new UserError("DUMP_FAILED", `table ${formatTable(table)} was not counted`);
        counted.push({ name: formatTable(table), rows: count });
      }
    }
  }
  return counted;
}

function readCount(line: string): readonly [number, number] {
  const [at, rows] = line.trim().split(/\s+/).map(Number);
  return [at ?? Number.NaN, rows ?? Number.NaN];
}

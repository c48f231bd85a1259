/**
 * Rows of a dump by mysqldump or mariadb-dump: each INSERT at the beginning of a line has rows in parentheses. What stands between two
 * DELIMITER lines is code of the database, and no rows. Pure.
 */
import type { DumpedTable, DumpRows } from "./dump-rows.ts";
import { OWN_SCHEMAS } from "./mysql-schemas.ts";

const Byte = {
  LineBreak: 0x0a,
  Quote: 0x27,
  DoubleQuote: 0x22,
  Backtick: 0x60,
  Backslash: 0x5c,
  Space: 0x20,
  Open: 0x28,
  Close: 0x29,
  End: 0x3b,
} as const;

/** Verb and table; what follows are columns or rows. */
const INSERT = /^(?:INSERT|REPLACE)(?: +(?:LOW_PRIORITY|DELAYED|IGNORE|INTO))* +`((?:[^`]|``)+)` $/;
const CREATE = /^CREATE TABLE (?:IF NOT EXISTS )?`((?:[^`]|``)+)`/;
const USE = /^USE `((?:[^`]|``)+)`;/;
const DELIMITER = /^DELIMITER (\S+)/;
const VALUES = /\bVALUES? *$/;
/** Of a line as much as names its table. */
const BEGINNING = 1_024;
/** Of what stands before the rows as much as the word that announces them. */
const LAST_WORDS = 16;

export function createInsertRows(): DumpRows {
  const tables = new Map<string, DumpedTable>();
  let database: string | undefined;
  let isCode = false;
  let isInsert = false;
  let areRows = false;
  let line = "";
  let words = "";
  let key = "";
  let depth = 0;
  let quote = 0;
  let isEscaped = false;

  function countTable(name: string, rows: number): string {
    const own = `${database}\0${name}`;
    tables.set(own, { database, name, rows: (tables.get(own)?.rows ?? 0) + rows });
    return own;
  }

  function countRow(): void {
    const table = tables.get(key);
    if (table !== undefined) tables.set(key, { ...table, rows: table.rows + 1 });
  }

  function readLine(): void {
    const delimiter = DELIMITER.exec(line)?.[1];
    if (delimiter !== undefined) isCode = delimiter !== ";";
    if (isCode) return;
    const used = USE.exec(line)?.[1];
    if (used !== undefined) database = unquote(used);
    const created = CREATE.exec(line)?.[1];
    if (created !== undefined) countTable(unquote(created), 0);
  }

  function readInsert(byte: number): void {
    if (isEscaped) isEscaped = false;
    else if (quote !== 0) {
      if (byte === Byte.Backslash && quote !== Byte.Backtick) isEscaped = true;
      else if (byte === quote) quote = 0;
    } else if (byte === Byte.Quote || byte === Byte.DoubleQuote || byte === Byte.Backtick) quote = byte;
    else if (byte === Byte.Open) {
      if (depth === 0) {
        areRows ||= VALUES.test(words);
        if (areRows) countRow();
      }
      depth += 1;
    } else if (byte === Byte.Close) {
      depth -= 1;
      words = "";
    } else if (depth === 0 && byte === Byte.End) {
      isInsert = false;
      line = "";
    } else if (depth === 0 && !areRows)
      words = `${words}${String.fromCharCode(byte).replace(/\s/, " ")}`.slice(-LAST_WORDS);
  }

  function readOther(byte: number): void {
    if (byte === Byte.LineBreak) {
      readLine();
      line = "";
      return;
    }
    if (line.length >= BEGINNING) return;
    line += String.fromCharCode(byte);
    // Only what follows tells whether a backtick was the name's last.
    if (byte !== Byte.Space || isCode) return;
    const name = INSERT.exec(line)?.[1];
    if (name === undefined) return;
    key = countTable(unquote(name), 0);
    isInsert = true;
    areRows = false;
    words = "";
    depth = 0;
    quote = 0;
  }

  return {
    feed(chunk) {
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at] ?? 0;
        if (isInsert) readInsert(byte);
        else readOther(byte);
      }
    },
    end: () => (isInsert ? undefined : [...tables.values()].filter(isApplications)),
  };
}

/** The server's own tables are counted in no server, and so not in a dump either. */
function isApplications({ database }: DumpedTable): boolean {
  return database === undefined || !OWN_SCHEMAS.includes(database.toLowerCase());
}

/** Names come one character a byte. */
function unquote(name: string): string {
  return Buffer.from(name.replaceAll("``", "`"), "latin1").toString("utf8");
}

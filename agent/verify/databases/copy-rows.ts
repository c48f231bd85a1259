/**
 * Rows of a dump by pg_dump or pg_dumpall: each row is a line between `COPY ... FROM stdin;` and `\.`, whatever is in it. A dump that is
 * written by INSERT can't be told so. Pure.
 */
import type { DumpedTable, DumpRows } from "./dump-rows.ts";

const NAME = `(?:"(?:[^"]|"")+"|[^\\s".(]+)`;
const COPY = new RegExp(`^COPY (?:(${NAME})\\.)?(${NAME}) (?:\\(.*\\) )?FROM stdin;$`);
const CONNECT = new RegExp(`^\\\\connect (?:-reuse-previous=on )?(${NAME}|"dbname='(?:[^'\\\\]|\\\\.)*'")\\s*$`);
const CONNECT_INFO = /^dbname='(.*)'$/;

/** A line that is longer names no table. */
const LINE_LIMIT = 256 * 1024;
const LINE_BREAK = 0x0a;
const LOOKED_AT = ["COPY ", "\\connect ", "INSERT INTO "].map((text) => Buffer.from(text));
const ROWS_END = Buffer.from("\\.");

export function createCopyRows(): DumpRows {
  const tables = new Map<string, DumpedTable>();
  let database: string | undefined;
  let table: DumpedTable | undefined;
  let isByInsert = false;
  /** Parts of a line whose end has not come. */
  let held: Buffer[] = [];
  let heldLength = 0;
  /** The rest of a line that is too long to be kept. */
  let isSkipping = false;

  function readLine(line: Buffer): void {
    if (table !== undefined) {
      if (isRowsEnd(line)) {
        tables.set(`${table.database}\0${table.name}`, table);
        table = undefined;
      } else table = { ...table, rows: table.rows + 1 };
      return;
    }
    const text = LOOKED_AT.some((beginning) => line.subarray(0, beginning.length).equals(beginning))
      ? line.toString("utf8").replace(/\r$/, "")
      : "";
    if (text.startsWith("INSERT INTO ")) isByInsert = true;
    const connected = CONNECT.exec(text)?.[1];
    if (connected !== undefined) database = databaseOf(connected);
    const [, schema, name] = COPY.exec(text) ?? [];
    if (name === undefined) return;
    const parts = [schema, name].flatMap((part) => (part === undefined ? [] : [unquote(part)]));
    table = { database, name: parts.join("."), rows: 0 };
  }

  /** @param part undefined where nothing is held any more */
  function hold(part: Buffer | undefined): void {
    if (part === undefined) held = [];
    else if (part.length > 0) held.push(part);
    heldLength = part === undefined ? 0 : heldLength + part.length;
  }

  return {
    feed(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(LINE_BREAK); at >= 0; at = chunk.indexOf(LINE_BREAK, from)) {
        const rest = chunk.subarray(from, at);
        if (isSkipping) readLine(Buffer.from("-"));
        else readLine(held.length === 0 ? rest : Buffer.concat([...held, rest]));
        hold(undefined);
        isSkipping = false;
        from = at + 1;
      }
      if (isSkipping) return;
      hold(chunk.subarray(from));
      if (heldLength <= LINE_LIMIT) return;
      isSkipping = true;
      hold(undefined);
    },
    // Rows that go on at the end are those of a dump that was cut off.
    end: () => (isByInsert || table !== undefined ? undefined : [...tables.values()]),
  };
}

function isRowsEnd(line: Buffer): boolean {
  return line.length <= ROWS_END.length + 1 && line.toString("latin1").replace(/\r$/, "") === "\\.";
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

function databaseOf(word: string): string {
  const name = unquote(word);
  return CONNECT_INFO.exec(name)?.[1]?.replace(/\\(.)/g, "$1") ?? name;
}

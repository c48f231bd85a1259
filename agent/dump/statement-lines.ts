/**
 * Finds the lines of a plain SQL dump that begin a statement, as psql would find them, and lets them be changed. Rows of
 * COPY, strings, bodies of functions and comments are never taken for statements, whatever they hold. Bytes pass as they
 * come, in any encoding and cut anywhere; of what is not looked at no more than a few are held back.
 *
 * A semicolon in a body of `BEGIN ATOMIC` counts as an end too: no line that is looked at can stand there.
 */
import type { EditLine } from "./older-server.ts";
import { Byte, isSpace, tagEnd, wordEnd } from "./sql-bytes.ts";
import { type Skipped, skipBlockComment, skipEscapes, skipLineComment } from "./sql-skip.ts";

/** @returns what can be passed on; the rest comes with the next call. Without a chunk the dump is over. */
export type StatementLines = (chunk?: Buffer) => readonly Buffer[];

/** What the next byte is part of. `command`: one of psql's own, with a backslash; `rows`: data after `COPY ... FROM stdin;`. */
type Inside = "sql" | "string" | "escapes" | "name" | "dollars" | "comment" | "block" | "command" | "rows";

/** More bytes must be seen. */
const WAIT = -1;
/** Lines that begin otherwise are not looked at. */
const BEGINNINGS = ["SET ", "CREATE DATABASE "].map((text) => Buffer.from(text));
/** Nor are longer ones: names have at most 63 characters, and none of these lines has more than a handful. */
const LINE_LIMIT = 4_096;
/** No word that counts is longer. */
const LONGEST_WORD = 5;
/** Where a row would begin. */
const ROWS_END = /^\\\.(?:\r?\n|\r?$)/;
const ROWS_END_LENGTH = 4;
const ROWS_END_BEGINNING = Buffer.from("\n\\.");
const STRINGS_SETTING = /^SET standard_conforming_strings = (on|off);$/;
const ENCODING_SETTING = /^SET client_encoding = '([^']*)';$/;

/** @param edit is given each line that begins a statement and is one of those that are looked at, one character a byte */
export function editStatementLines(edit: EditLine): StatementLines {
  let inside: Inside = "sql";
  let isLineStart = true;
  let isStatementStart = true;
  let parentheses = 0;
  let commentDepth = 0;
  let dollarTag: Buffer = Buffer.alloc(0);
  /** How much of `COPY ... FROM stdin` the statement has. */
  let copyWords: 0 | 1 | 2 | 3 = 0;
  let areRowsNext = false;
  let areStringsStandard = true;
  let encoding = "UTF8";

  let data: Buffer = Buffer.alloc(0);
  let isLast = false;
  let heldFrom = 0;
  let passedUpTo = 0;
  let passed: Buffer[] = [];

  const STEPS: Readonly<Record<Inside, (at: number) => number>> = {
    sql: (at) => (isLineStart && isStatementStart ? lookAtLine(at) : readSql(at)),
    string: (at) => leaveAfter(data.indexOf(Byte.Quote, at)),
    name: (at) => leaveAfter(data.indexOf(Byte.DoubleQuote, at)),
    escapes: (at) => leaveWhenOver(at, skipEscapes(data, at, { encoding, isLast })),
    dollars: readDollars,
    comment: (at) => leaveWhenOver(at, skipLineComment(data, at)),
    command: (at) => leaveBefore(data.indexOf(Byte.LineBreak, at)),
    block: (at) => {
      const skipped = skipBlockComment(data, at, { depth: commentDepth, isLast });
      commentDepth = skipped.depth;
      return leaveWhenOver(at, skipped);
    },
    rows: readRows,
  };

  /** @returns where it goes on */
  function enter(next: Inside, at: number): number {
    inside = next;
    isLineStart = false;
    return at;
  }

  function leaveAfter(found: number): number {
    return found < 0 ? data.length : enter("sql", found + 1);
  }

  function leaveBefore(found: number): number {
    return found < 0 ? data.length : enter("sql", found);
  }

  function leaveWhenOver(from: number, { at, isOver }: Skipped): number {
    if (isOver) return enter("sql", at);
    return at > from ? at : WAIT;
  }

  /** Whether all bytes before `end` are there, or will never be. */
  function sees(end: number): boolean {
    return isLast || end <= data.length;
  }

  function lookAtLine(at: number): number {
    const start = data.subarray(at, at + LINE_LIMIT);
    if (!BEGINNINGS.some((beginning) => mayBeginWith(start, beginning))) return readSql(at);
    const found = start.indexOf(Byte.LineBreak);
    if (found < 0 && (start.length === LINE_LIMIT || !isLast)) return start.length === LINE_LIMIT ? readSql(at) : WAIT;
    const end = found < 0 ? data.length : at + found;
    const line = data.toString("latin1", at, end);
    noteSetting(line);
    const edited = edit(line);
    if (edited === line) return readSql(at);
    passed.push(data.subarray(passedUpTo, at));
    passedUpTo = Math.min(end + 1, data.length);
    if (edited !== undefined) passed.push(Buffer.from(edited, "latin1"), data.subarray(end, passedUpTo));
    return passedUpTo;
  }

  /** Strings are read as the dump itself says. */
  function noteSetting(line: string): void {
    const strings = STRINGS_SETTING.exec(line);
    if (strings !== null) areStringsStandard = strings[1] === "on";
    encoding = ENCODING_SETTING.exec(line)?.[1] ?? encoding;
  }

  function readSql(at: number): number {
    const byte = data[at] ?? 0;
    if (byte === Byte.LineBreak) return readLineBreak(at);
    isLineStart = false;
    if (isSpace(byte)) return at + 1;
    const end = wordEnd(data, at);
    if (end > at) return readWord(at, end);
    if (!sees(at + 2)) return WAIT;
    const second = data[at + 1];
    if (byte === Byte.Minus && second === Byte.Minus) return enter("comment", at + 2);
    if (byte === Byte.Slash && second === Byte.Star) {
      commentDepth = 1;
      return enter("block", at + 2);
    }
    if (byte === Byte.Backslash && second !== Byte.Semicolon && second !== Byte.Colon) return enter("command", at + 1);
    if (byte === Byte.Semicolon && parentheses === 0) return endStatement(at + 1);
    if (byte === Byte.Dollar) return readDollar(at);
    isStatementStart = false;
    if (byte === Byte.Quote) return enter(areStringsStandard ? "string" : "escapes", at + 1);
    if (byte === Byte.DoubleQuote) return enter("name", at + 1);
    if (byte === Byte.Open) parentheses++;
    if (byte === Byte.Close) parentheses = Math.max(0, parentheses - 1);
    return byte === Byte.Backslash ? at + 2 : at + 1;
  }

  function readLineBreak(at: number): number {
    isLineStart = true;
    if (areRowsNext) inside = "rows";
    areRowsNext = false;
    return at + 1;
  }

  function endStatement(end: number): number {
    areRowsNext = copyWords === 3;
    copyWords = 0;
    isStatementStart = true;
    return end;
  }

  function readWord(at: number, end: number): number {
    // The byte behind it tells whether it is the beginning of a string.
    if (!sees(end + 1)) return WAIT;
    const isStringNext = data[end] === Byte.Quote;
    // Of other words only the end counts.
    if (!isStatementStart && copyWords === 0 && !isStringNext) return end;
    const word = end - at > LONGEST_WORD ? "" : data.toString("latin1", at, end).toLowerCase();
    if (isStatementStart) copyWords = word === "copy" ? 1 : 0;
    else if (copyWords > 0 && parentheses === 0) {
      copyWords = word === "stdin" && copyWords >= 2 ? 3 : word === "from" ? 2 : copyWords;
    }
    isStatementStart = false;
    if (!isStringNext) return end;
    if (word === "e") return enter("escapes", end + 1);
    // Bits have no escapes, whatever the setting.
    if (word === "b" || word === "x") return enter("string", end + 1);
    return end;
  }

  function readDollar(at: number): number {
    const end = tagEnd(data, at);
    if (!sees(end + 1)) return WAIT;
    isStatementStart = false;
    if (data[end] !== Byte.Dollar) return at + 1;
    dollarTag = Buffer.from(data.subarray(at, end + 1));
    return enter("dollars", end + 1);
  }

  function readDollars(at: number): number {
    const found = data.indexOf(dollarTag, at);
    return found < 0 ? waitForRest(at, dollarTag.length) : enter("sql", found + dollarTag.length);
  }

  /** Passes all but the last bytes, which may be the beginning of something of this length. */
  function waitForRest(at: number, length: number): number {
    if (isLast) return data.length;
    const next = data.length - length + 1;
    return next > at ? next : WAIT;
  }

  function readRows(at: number): number {
    if (isLineStart) {
      if (!sees(at + ROWS_END_LENGTH)) return WAIT;
      const end = ROWS_END.exec(data.toString("latin1", at, at + ROWS_END_LENGTH));
      if (end !== null) {
        inside = "sql";
        return at + end[0].length;
      }
      isLineStart = false;
    }
    const found = data.indexOf(ROWS_END_BEGINNING, at);
    if (found < 0) return waitForRest(at, ROWS_END_BEGINNING.length);
    isLineStart = true;
    return found + 1;
  }

  return (chunk) => {
    const held = data.subarray(heldFrom);
    data = chunk === undefined ? held : held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    isLast = chunk === undefined;
    passed = [];
    passedUpTo = 0;
    let at = 0;
    while (at < data.length) {
      const next = STEPS[inside](at);
      if (next === WAIT) break;
      at = next;
    }
    passed.push(data.subarray(passedUpTo, at));
    heldFrom = at;
    return passed.filter(({ length }) => length > 0);
  };
}

function mayBeginWith(start: Buffer, beginning: Buffer): boolean {
  const length = Math.min(start.length, beginning.length);
  return start[0] === beginning[0] && start.compare(beginning, 0, length, 0, length) === 0;
}

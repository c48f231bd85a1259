/** Whether a dump has its end. Pure. */

/** What the beginnings and ends of dumps are read from. */
export interface DumpEnds {
  readonly head: string;
  readonly tail: string;
}

/** Programs that say at the beginning who they are also say at the end that they are done. */
const MARKS: readonly (readonly [head: RegExp, end: RegExp])[] = [
  [/^-- PostgreSQL database cluster dump$/m, /^-- PostgreSQL database cluster dump complete$/m],
  [/^-- PostgreSQL database dump$/m, /^-- PostgreSQL database dump complete$/m],
  [/^-- (MariaDB|MySQL) dump /m, /^-- Dump completed/m],
];

/** Without such marks the last thing that stands in a dump is the end of a statement, or of rows. */
const ENDED = /(;|\\\.)\s*(--[^\n]*\s*)*$/;

/** @returns what is missing; undefined when it has its end */
export function faultOfDump({ head, tail }: DumpEnds): string | undefined {
  if (tail.trim() === "") return "the dump is empty";
  const marks = MARKS.find(([begins]) => begins.test(head));
  if (marks !== undefined) {
    return marks[1].test(tail) ? undefined : "the dump has no end: the mark of its program is missing";
  }
  return ENDED.test(tail) ? undefined : "the dump ends in the middle of a statement";
}

/** The last words of a program. Pure. */
import { wordsForPeople } from "./messages.ts";

const TAIL_LINES = 40;
const TAIL_LINE_LENGTH = 1_000;

/** Part of a Go stack trace: a function, an indented place in a source file, a head, or a register. */
const TRACE =
  /^\s+\S+\.(go|s):\d+( |$)|^(main|runtime|[\w.-]+\/[\w./~-]+)\.[\w.()*]+(\(.*\))?$|^(runtime stack|goroutine \d+ .*):$|^\w{2,6} +0x[0-9a-f]+$/;
/** What moves a terminal's cursor or clears its line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const TERMINAL = /\u001b\[[0-9;?]*[A-Za-z]|\r/g;

export interface Tail {
  /** @param line as the program wrote it */
  add(line: string): void;
  /** Those that are meant for people, oldest first. */
  readonly lines: readonly string[];
}

/** Keeps the last lines that are meant for people. */
export function createTail(): Tail {
  const lines: string[] = [];
  function keep(line: string): void {
    const text = line.replace(TERMINAL, "");
    if (text.trim() === "" || TRACE.test(text)) return;
    lines.push(text.slice(0, TAIL_LINE_LENGTH));
    if (lines.length > TAIL_LINES) lines.shift();
  }
  return {
    lines,
    add(line) {
      for (const words of wordsForPeople(line)) keep(words);
    },
  };
}

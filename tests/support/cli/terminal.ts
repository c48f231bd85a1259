/** A terminal that remembers, for tests of what commands print. */
import { Writable } from "node:stream";
import type { Terminal } from "../../../cli/terminal/interface.ts";

export interface RecordingTerminal extends Terminal {
  /** What was printed, as one text. */
  output(): string;
  /** Problems and progress, as one text. */
  notes(): string;
}

export function recordingTerminal(look: Partial<Pick<Terminal, "hasColor" | "isInteractive" | "width">> = {}) {
  const printed: string[] = [];
  const noted: string[] = [];
  const terminal: RecordingTerminal = {
    print: (text) => void printed.push(`${text}\n`),
    note: (text) => void noted.push(`${text}\n`),
    write: (text) => void printed.push(text),
    openOutput: () =>
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          printed.push(chunk.toString());
          done();
        },
      }),
    isInteractive: false,
    hasColor: false,
    width: undefined,
    ...look,
    output: () => printed.join(""),
    notes: () => noted.join(""),
  };
  return terminal;
}

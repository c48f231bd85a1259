/** Where a command writes to. */
import { Writable } from "node:stream";

export interface Terminal {
  /** Writes a text and a line's end to the output. */
  print(text: string): void;
  /** Writes a text and a line's end to where problems and progress go. */
  note(text: string): void;
  /** Writes to the output as it is. */
  write(text: string): void;
  /** A stream whose bytes go to the output as they are, no faster than it takes them; its end does not end the output. */
  openOutput(): Writable;
  /** Whether a person looks at the output, so that lines may be drawn again. */
  readonly isInteractive: boolean;
  readonly hasColor: boolean;
  /** Characters in a line; undefined where nobody looks and nothing must be cut. */
  readonly width: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(data: string | Uint8Array, done?: (error?: Error | null) => void): unknown;
}

/** Narrower ones show nothing anyhow. */
const MIN_WIDTH = 20;

/** @see https://no-color.org for NO_COLOR */
export function processTerminal(env: Environment, out: Output, err: Output): Terminal {
  const isInteractive = out.isTTY === true && env["TERM"] !== "dumb";
  const columns = Number(env["COLUMNS"]) || out.columns;
  const isWidthKnown = isInteractive || env["COLUMNS"] !== undefined;
  return {
    print: (text) => void out.write(`${text}\n`),
    note: (text) => void err.write(`${text}\n`),
    write: (text) => void out.write(text),
    openOutput: () => new Writable({ write: (chunk: Buffer, _encoding, done) => void out.write(chunk, () => done()) }),
    isInteractive,
    hasColor: isInteractive && !env["NO_COLOR"],
    width: isWidthKnown && columns !== undefined ? Math.max(MIN_WIDTH, columns) : undefined,
  };
}

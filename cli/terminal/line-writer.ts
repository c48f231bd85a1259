/** A stream that gives whole lines. */
import { Writable } from "node:stream";

export interface LineWriter {
  readonly stream: Writable;
  /** It ends without complaint, however its source does. */
  readonly end: Promise<void>;
}

export function lineWriter(onLine: (line: string) => void): LineWriter {
  const decoder = new TextDecoder();
  let rest = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
      done();
    },
    final(done) {
      if (rest !== "") onLine(rest);
      done();
    },
  });
  const end = new Promise<void>((resolve) => {
    stream.on("error", () => resolve());
    stream.on("close", () => resolve());
  });
  return { stream, end };
}

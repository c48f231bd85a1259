/** Changes the lines of a dump that the server would not understand, on its way. */
import { Transform } from "node:stream";
import type { EditLine } from "./older-server.ts";
import { editStatementLines } from "./statement-lines.ts";

/** @param edit is given the lines that begin a statement, see editStatementLines */
export function settingsFilter(edit: EditLine): Transform {
  const lines = editStatementLines(edit);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (const piece of lines(chunk)) this.push(piece);
      done();
    },
    flush(done) {
      for (const piece of lines()) this.push(piece);
      done();
    },
  });
}

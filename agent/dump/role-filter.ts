/** Leaves lines about roles out of a dump on its way; what comes after them passes untouched. */
import { Transform } from "node:stream";
import type { RoleLines } from "./role-lines.ts";

const LINE_BREAK = 0x0a;

/** Lines are cut as bytes: a dump may hold any encoding. */
export function roleFilter(lines: RoleLines): Transform {
  let rest: Buffer = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (lines.isOver()) {
        done(null, chunk);
        return;
      }
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      while (!lines.isOver()) {
        const end = data.indexOf(LINE_BREAK, at);
        if (end < 0) break;
        if (lines.keeps(data.toString("utf8", at, end))) this.push(data.subarray(at, end + 1));
        at = end + 1;
      }
      rest = data.subarray(at);
      if (lines.isOver()) {
        this.push(rest);
        rest = Buffer.alloc(0);
      }
      done();
    },
    flush(done) {
      done(null, rest.length === 0 ? null : rest);
    },
  });
}

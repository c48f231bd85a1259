/** Looks for whole lines in a dump that goes by, of which something is to be said. */
import type { LoadRemark } from "./plan.ts";

export interface LineRemarks {
  feed(chunk: Buffer): void;
  /** Of the lines that were there. */
  found(): readonly string[];
}

const LINE_BREAK = "\n";

/** Only the bytes that a line may begin with are kept: a dump is of any size, and so are its lines. */
export function createLineRemarks(remarks: readonly LoadRemark[]): LineRemarks {
  const wanted = remarks.map(({ line, remark }) => ({ bytes: Buffer.from(`\n${line}\n`), remark }));
  const keep = Math.max(0, ...wanted.map(({ bytes }) => bytes.length - 1));
  const found = new Set<string>();
  let rest: Buffer = Buffer.from(LINE_BREAK);
  return {
    feed(chunk) {
      if (found.size === wanted.length) return;
      const seam = Buffer.concat([rest, chunk.subarray(0, keep)]);
      for (const { bytes, remark } of wanted) {
        if (seam.includes(bytes) || chunk.includes(bytes)) found.add(remark);
      }
      rest = chunk.length >= keep ? chunk.subarray(chunk.length - keep) : Buffer.concat([rest, chunk]).subarray(-keep);
    },
    found: () => [...found],
  };
}

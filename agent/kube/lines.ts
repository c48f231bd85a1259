/** Cuts a stream of bytes into lines; a character that is split between two chunks stays whole. */
export interface LineSplitter {
  feed(chunk: Buffer): void;
  /** Hands out what stands after the last line end. */
  end(): void;
}

const NEWLINE = 0x0a;

/**
 * @param onLine gets each line without its end
 * @param maxBytes what is longer is handed out in pieces of this size
 */
export function createLineSplitter(onLine: (line: string) => void, maxBytes = 64 * 1024 * 1024): LineSplitter {
  let parts: Buffer[] = [];
  let heldBytes = 0;
  function emit(last: Buffer): void {
    const line = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    heldBytes = 0;
    onLine(line.toString("utf8"));
  }
  return {
    feed(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        emit(chunk.subarray(from, at));
        from = at + 1;
      }
      if (from === chunk.length) return;
      // A copy, so that the rest of a line doesn't keep the whole chunk in memory.
      parts.push(Buffer.from(chunk.subarray(from)));
      heldBytes += chunk.length - from;
      if (heldBytes >= maxBytes) emit(Buffer.alloc(0));
    },
    end() {
      if (heldBytes > 0) emit(Buffer.alloc(0));
    },
  };
}

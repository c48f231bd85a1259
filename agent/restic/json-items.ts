/** Cuts a JSON array that comes as a stream of bytes into its items, so that a long list never lies in memory as a whole. */
export interface ItemSplitter {
  feed(chunk: Buffer): void;
}

const [OPEN, CLOSE, QUOTE, BACKSLASH] = ["{", "}", '"', "\\"].map((text) => text.charCodeAt(0));

/** @param onItem gets the text of each object of the outermost array */
export function createItemSplitter(onItem: (text: string) => void): ItemSplitter {
  let depth = 0;
  let isInText = false;
  let isEscaped = false;
  let parts: Buffer[] = [];
  return {
    feed(chunk) {
      let from = 0;
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at];
        if (isInText) {
          if (isEscaped) isEscaped = false;
          else if (byte === BACKSLASH) isEscaped = true;
          else if (byte === QUOTE) isInText = false;
          continue;
        }
        if (byte === QUOTE) isInText = depth > 0;
        else if (byte === OPEN) {
          if (depth === 0) from = at;
          depth += 1;
        } else if (byte === CLOSE && depth > 0) {
          depth -= 1;
          if (depth > 0) continue;
          onItem(Buffer.concat([...parts, chunk.subarray(from, at + 1)]).toString("utf8"));
          parts = [];
        }
      }
      if (depth > 0) parts.push(Buffer.from(chunk.subarray(from)));
    },
  };
}

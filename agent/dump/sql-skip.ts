/** Skips text of SQL whose end is more than one byte, as far as the bytes go. Pure. */
import { Byte, characterLength } from "./sql-bytes.ts";

export interface Skipped {
  /** Where it goes on. When it is not over, bytes from here on are to be given again, with more behind them. */
  readonly at: number;
  /** Whether the text ended before that. */
  readonly isOver: boolean;
}

/** Skips the rest of a string in which a backslash counts. @param from somewhere in it, at the beginning of a character */
export function skipEscapes(
  data: Buffer,
  from: number,
  { encoding, isLast }: { readonly encoding: string; readonly isLast: boolean },
): Skipped {
  let at = from;
  while (at < data.length) {
    const byte = data[at] ?? 0;
    const isQuote = byte === Byte.Quote;
    const length = isQuote || byte === Byte.Backslash ? 2 : characterLength(encoding, byte);
    if (!isLast && at + length > data.length) return { at, isOver: false };
    // A doubled quote is part of the string.
    if (isQuote && data[at + 1] !== Byte.Quote) return { at: at + 1, isOver: true };
    at += length;
  }
  return { at: data.length, isOver: false };
}

/** Skips the rest of a line; its end is not part of the comment. */
export function skipLineComment(data: Buffer, from: number): Skipped {
  let at = from;
  while (at < data.length && data[at] !== Byte.LineBreak && data[at] !== Byte.Return) at++;
  return { at, isOver: at < data.length };
}

/** Skips the rest of a comment that others may stand in. @param depth how many are open @returns with how many are then */
export function skipBlockComment(
  data: Buffer,
  from: number,
  { depth, isLast }: { readonly depth: number; readonly isLast: boolean },
): Skipped & { readonly depth: number } {
  let open = depth;
  let at = from;
  while (at < data.length) {
    const byte = data[at];
    if (byte !== Byte.Star && byte !== Byte.Slash) {
      at++;
      continue;
    }
    if (!isLast && at + 2 > data.length) break;
    const second = data[at + 1];
    const isOpening = byte === Byte.Slash && second === Byte.Star;
    const isClosing = byte === Byte.Star && second === Byte.Slash;
    at += isOpening || isClosing ? 2 : 1;
    if (isOpening) open++;
    if (isClosing) open--;
    if (open === 0) return { at, isOver: true, depth: open };
  }
  return { at, isOver: false, depth: open };
}

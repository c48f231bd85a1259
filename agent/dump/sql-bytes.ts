/** Bytes that mean something in SQL text, in any encoding that PostgreSQL's clients speak. Pure. */

export const Byte = {
  LineBreak: 0x0a,
  Return: 0x0d,
  DoubleQuote: 0x22,
  Dollar: 0x24,
  Quote: 0x27,
  Open: 0x28,
  Close: 0x29,
  Star: 0x2a,
  Minus: 0x2d,
  Slash: 0x2f,
  Colon: 0x3a,
  Semicolon: 0x3b,
  Backslash: 0x5c,
} as const;

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || (byte >= 0x0b && byte <= Byte.Return);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether a name can begin so: letters, the underscore, and everything outside of ASCII. */
function isNameStart(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || byte >= 0x80;
}

/** @returns where the name, keyword or number ends that begins at `from`; `from` itself when there is none */
export function wordEnd(data: Buffer, from: number): number {
  let end = from;
  // A dollar sign is part of a name, but never of a number.
  let isName = false;
  for (; end < data.length; end++) {
    const byte = data[end] ?? 0;
    if (isNameStart(byte)) isName = true;
    else if (!isDigit(byte) && !(isName && byte === Byte.Dollar)) break;
  }
  return end;
}

/** @param at place of a dollar sign. @returns where its tag ends: at another dollar sign if it is a tag */
export function tagEnd(data: Buffer, at: number): number {
  let end = at + 1;
  if (!isNameStart(data[end] ?? 0)) return end;
  while (isNameStart(data[end] ?? 0) || isDigit(data[end] ?? 0)) end++;
  return end;
}

/** Encodings whose characters may have a backslash as their second byte. */
const UNSAFE_ENCODINGS = ["SJIS", "SHIFT_JIS_2004", "BIG5", "GBK", "GB18030", "UHC", "JOHAB"];
const HALF_WIDTH_ENCODINGS = ["SJIS", "SHIFT_JIS_2004"];

/**
 * How many bytes belong to the character that begins with this byte, as far as one of them could be taken for a
 * backslash: of GB18030's four bytes each half counts as a character.
 *
 * @param encoding as PostgreSQL spells it
 */
export function characterLength(encoding: string, first: number): number {
  if (first < 0x80 || !UNSAFE_ENCODINGS.includes(encoding)) return 1;
  if (HALF_WIDTH_ENCODINGS.includes(encoding) && first >= 0xa1 && first <= 0xdf) return 1;
  return encoding === "JOHAB" && first === 0x8f ? 3 : 2;
}

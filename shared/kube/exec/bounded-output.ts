/** The beginning and the end of an output of any length. */

/** Takes bytes in pieces and keeps the first and the last of them. */
export class BoundedOutput {
  readonly #headBytes: number;
  readonly #tailBytes: number;
  readonly #head: Buffer[] = [];
  #headLength = 0;
  #tail: Buffer[] = [];
  #tailLength = 0;
  #total = 0;

  constructor(headBytes: number, tailBytes: number) {
    this.#headBytes = headBytes;
    this.#tailBytes = tailBytes;
  }

  /** Bytes taken so far. */
  get totalBytes(): number {
    return this.#total;
  }

  push(bytes: Buffer): void {
    this.#total += bytes.length;
    const forHead = bytes.subarray(0, this.#headBytes - this.#headLength);
    if (forHead.length > 0) {
      this.#head.push(Buffer.from(forHead));
      this.#headLength += forHead.length;
    }
    const rest = bytes.subarray(forHead.length);
    if (rest.length === 0) return;
    this.#tail.push(Buffer.from(rest.subarray(-this.#tailBytes)));
    this.#tailLength += Math.min(rest.length, this.#tailBytes);
    // Joined only now and then: many small pieces would each cost a copy of the whole tail.
    if (this.#tailLength > 2 * this.#tailBytes + 4096) this.#trim();
  }

  /** The output as text; what was left out in the middle is said in its place. */
  text(): string {
    this.#trim();
    const head = Buffer.concat(this.#head);
    const tail = Buffer.concat(this.#tail);
    const omitted = this.#total - head.length - tail.length;
    if (omitted === 0) return Buffer.concat([head, tail]).toString("utf8");
    const headText = head.subarray(0, lastWholeCharacterEnd(head)).toString("utf8");
    const tailText = tail.subarray(firstWholeCharacterStart(tail)).toString("utf8");
    return `${headText}\n... ${omitted} bytes left out ...\n${tailText}`;
  }

  #trim(): void {
    const joined = Buffer.concat(this.#tail);
    const kept = this.#tailBytes === 0 ? Buffer.alloc(0) : joined.subarray(-this.#tailBytes);
    this.#tail = [kept];
    this.#tailLength = kept.length;
  }
}

const CONTINUATION_MASK = 0xc0;
const CONTINUATION = 0x80;

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & CONTINUATION_MASK) === CONTINUATION;
}

/** Where the bytes end if a character of UTF-8 that is cut off at their end is dropped. */
function lastWholeCharacterEnd(bytes: Buffer): number {
  let start = bytes.length - 1;
  while (start > 0 && bytes.length - start < 4 && isContinuation(bytes[start])) start -= 1;
  const lead = bytes[start] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start + length > bytes.length ? Math.max(start, 0) : bytes.length;
}

/** Where the bytes begin if the rest of a cut character is dropped. */
function firstWholeCharacterStart(bytes: Buffer): number {
  let start = 0;
  while (start < Math.min(3, bytes.length) && isContinuation(bytes[start])) start += 1;
  return start;
}

/** Reads a tar stream, entry by entry: what restic writes, which is ustar with the records of POSIX (pax). Nothing of it is trusted. */
import { UserError } from "../../shared/errors.ts";

const BLOCK = 512;
/** Longest name and the like that is read into memory. */
const MAX_RECORDS_BYTES = 1024 * 1024;

export type TarType = "file" | "folder" | "symlink" | "hardlink" | "other";

export interface TarEntry {
  /** As the stream has it. */
  readonly path: string;
  readonly type: TarType;
  readonly linkTarget: string;
  readonly mode: number;
  /** Seconds since the epoch. */
  readonly modifiedAt: number;
  readonly sizeBytes: number;
  /** The data, which must be read before the next entry is asked for. */
  readonly data: AsyncIterable<Buffer>;
}

const TYPES: Readonly<Record<string, TarType>> = {
  "0": "file",
  "\0": "file",
  "1": "hardlink",
  "2": "symlink",
  "5": "folder",
};

/** @throws UserError RESTIC_FAILED when the stream is no tar, or ends too early */
export async function* tarEntries(source: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const reader = createReader(source);
  let records: ReadonlyMap<string, string> = new Map();
  for (;;) {
    const header = await reader.take(BLOCK);
    if (header === undefined) throw broken("the archive ends before its last entry");
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const flag = String.fromCharCode(header[156] ?? 0);
    const size = readNumber(header, 124, 12);
    if (flag === "x" || flag === "g") {
      if (size > MAX_RECORDS_BYTES) throw broken("a record of the archive is too long");
      const bytes = await reader.take(roundUp(size));
      if (bytes === undefined) throw broken("the archive ends within a record");
      // Records for all entries say nothing that is used here.
      if (flag === "x") records = readRecords(bytes.subarray(0, size));
      continue;
    }
    const entry = readHeader(header, flag, size, records);
    records = new Map();
    const rest = { bytes: entry.sizeBytes, padding: roundUp(entry.sizeBytes) - entry.sizeBytes };
    yield { ...entry, data: readData(reader, rest) };
    // What nobody wanted has to go by all the same.
    for await (const _chunk of readData(reader, rest));
  }
  await reader.drain();
}

function readHeader(header: Buffer, flag: string, size: number, records: ReadonlyMap<string, string>) {
  const prefix = readText(header, 345, 155);
  const name = readText(header, 0, 100);
  const type = TYPES[flag] ?? "other";
  const bytes = Number(records.get("size") ?? size);
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw broken("an entry of the archive has no size");
  return {
    path: records.get("path") ?? (prefix === "" ? name : `${prefix}/${name}`),
    type,
    linkTarget: records.get("linkpath") ?? readText(header, 157, 100),
    mode: readNumber(header, 100, 8) & 0o777,
    modifiedAt: Number(records.get("mtime") ?? readNumber(header, 136, 12)) || 0,
    sizeBytes: type === "file" || type === "other" ? bytes : 0,
  };
}

interface Rest {
  bytes: number;
  padding: number;
}

/** Goes on where the last reader of the same entry stopped. */
async function* readData(reader: Reader, rest: Rest): AsyncGenerator<Buffer> {
  while (rest.bytes > 0) {
    const chunk = await reader.some(rest.bytes);
    if (chunk === undefined) throw broken("the archive ends within a file");
    rest.bytes -= chunk.length;
    yield chunk;
  }
  if (rest.padding === 0) return;
  const padding = rest.padding;
  rest.padding = 0;
  if ((await reader.take(padding)) === undefined) throw broken("the archive ends within a file");
}

/** `LENGTH KEY=VALUE\n`, the length counted in bytes and with itself. */
function readRecords(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString("latin1", at, space));
    if (space < 0 || !Number.isInteger(length) || length <= space - at || at + length > bytes.length) {
      throw broken("a record of the archive can't be read");
    }
    const text = bytes.toString("utf8", space + 1, at + length - 1);
    const sign = text.indexOf("=");
    if (sign > 0) records.set(text.slice(0, sign), text.slice(sign + 1));
    at += length;
  }
  return records;
}

function readText(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? length : end);
}

/** Octal digits; or base 256, where the first bit says so. */
function readNumber(header: Buffer, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const value = field.reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte & 0x7f : byte), 0);
    if (!Number.isSafeInteger(value)) throw broken("a number of the archive is too large");
    return value;
  }
  const digits = field
    .toString("latin1")
    .replace(/\0[\s\S]*$/, "")
    .trim();
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

function checkSum(header: Buffer): void {
  const blanked = header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (blanked !== readNumber(header, 148, 8)) throw broken("what came is no archive");
}

const roundUp = (bytes: number) => Math.ceil(bytes / BLOCK) * BLOCK;

function broken(message: string): UserError {
  return new UserError("RESTIC_FAILED", message, { next: "run the command again" });
}

interface Reader {
  /** Exactly so many bytes; undefined at the end. */
  take(bytes: number): Promise<Buffer | undefined>;
  /** As many as there are at once, and no more than that; undefined at the end. */
  some(most: number): Promise<Buffer | undefined>;
  drain(): Promise<void>;
}

function createReader(source: AsyncIterable<Buffer>): Reader {
  const iterator = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  async function fill(): Promise<boolean> {
    const next = await iterator.next();
    if (next.done === true) return false;
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
    return true;
  }
  return {
    async take(bytes) {
      while (held.length < bytes) if (!(await fill())) return undefined;
      const taken = held.subarray(0, bytes);
      held = held.subarray(bytes);
      return taken;
    },
    async some(most) {
      while (held.length === 0) if (!(await fill())) return undefined;
      const taken = held.subarray(0, most);
      held = held.subarray(taken.length);
      return taken;
    },
    async drain() {
      held = Buffer.alloc(0);
      while (await fill()) held = Buffer.alloc(0);
    },
  };
}

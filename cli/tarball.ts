/** A tar of a few files, compressed. Pure. */
import { gzipSync } from "node:zlib";

export interface PackedFile {
  readonly path: string;
  readonly data: string | Uint8Array;
  /** For its owner alone by default. */
  readonly mode?: number;
}

const BLOCK = 512;
const MOST_NAME = 100;

/** @throws TypeError for a path that a header can't hold */
export function buildTarball(files: readonly PackedFile[], modifiedAtMs: number): Buffer {
  const parts = files.flatMap(({ path, data: content, mode = 0o600 }) => {
    const data = Buffer.from(content);
    const padding = Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK);
    return [header(path, mode, data.length, modifiedAtMs), data, padding];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]));
}

function header(path: string, mode: number, size: number, modifiedAtMs: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(path) > MOST_NAME) throw new TypeError(`${path} is too long for the archive`);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, "0")}\0`;
  const fields: readonly (readonly [number, string])[] = [
    [0, path],
    [100, octal(mode, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(size, 12)],
    [136, octal(Math.floor(modifiedAtMs / 1_000), 12)],
    [148, " ".repeat(8)],
    [156, "0"],
    [257, "ustar\0"],
    [263, "00"],
  ];
  for (const [at, text] of fields) block.write(text, at, "utf8");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

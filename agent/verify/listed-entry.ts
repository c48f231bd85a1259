/** An entry of a snapshot, as `restic ls --json` tells it. Pure. */

export interface ListedEntry {
  readonly path: string;
  /** restic's word: file, dir, symlink, fifo, dev, chardev, socket. */
  readonly type: string;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** The twelve bits of a file's mode. */
  readonly mode: number;
  /** Undefined where it can't be read. */
  readonly mtimeMs: number | undefined;
}

/** Go keeps these three bits elsewhere. */
const GO_BITS: readonly (readonly [number, number])[] = [
  [1 << 23, 0o4000],
  [1 << 22, 0o2000],
  [1 << 20, 0o1000],
];

function modeOf(goMode: number): number {
  return GO_BITS.reduce((mode, [bit, own]) => (goMode & bit ? mode | own : mode), goMode & 0o777);
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** @returns undefined when it is no entry */
export function readListedEntry(node: Readonly<Record<string, unknown>>): ListedEntry | undefined {
  const { path, type, mtime } = node;
  if (typeof path !== "string" || typeof type !== "string") return undefined;
  const mtimeMs = typeof mtime === "string" ? Date.parse(mtime) : Number.NaN;
  return {
    path,
    type,
    uid: numberOf(node["uid"]),
    gid: numberOf(node["gid"]),
    size: numberOf(node["size"]),
    mode: modeOf(numberOf(node["mode"])),
    mtimeMs: Number.isNaN(mtimeMs) ? undefined : mtimeMs,
  };
}

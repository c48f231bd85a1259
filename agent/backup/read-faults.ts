/** What restic could not read, and whether a snapshot without it may still be called good. Pure. */

/** An error that restic told of a file or folder. */
export interface ReadError {
  readonly item: string;
  readonly text: string;
}

/**
 * What stands at the place that restic named, as far as the agent sees it. `missing` is nothing, which its folder does not list either;
 * `unseen` what can't be looked at.
 */
export type ItemKind = "folder" | "reserved" | "other" | "missing" | "unseen";

export type ReadFault =
  /** It went away while it was read: temporary files and sockets do. */
  | "vanished"
  /** A file system keeps it for itself, and no application has data in it. */
  | "reserved"
  | "file"
  /** Nobody knows how much is in it. */
  | "folder";

const GONE = /no such file or directory/i;
/** A folder that can be listed and not entered: restic asks for each of its names in vain. */
const NOT_ENTERED = /^lstat\b.*(permission denied|not permitted)/i;
const NOT_LISTED = /readdir|directory entries/i;
const ATTRIBUTES = /xattr|attribute|metadata/i;
/** restic up to 0.16 gives no words for folders. */
const NO_WORDS = /^unknown error$/;
/** Stands for bytes that are no text: the name can't be looked up. */
const NO_TEXT = "\uFFFD";

/**
 * | # | facts | fault |
 * |---|---|---|
 * | 1 | what the file system keeps for itself | reserved |
 * | 2 | restic says that it is gone, and it is | vanished |
 * | 3 | restic says so or has no words, and it can't be looked at | folder: nobody knows what it is |
 * | 4 | its folder can't be entered, or it can't be listed | folder |
 * | 5 | a folder whose attributes alone can't be read | file |
 * | 6 | a folder | folder |
 * | 7 | no words, nothing there, and a name that can be looked up | vanished |
 * | 8 | no words, nothing there | folder: who has no words speaks of folders |
 * | 9 | otherwise, such as a file that a server lists and does not open | file |
 */
export function readFaultOf({ item, text }: ReadError, kind: ItemKind): ReadFault {
  if (kind === "reserved") return "reserved";
  if (GONE.test(text) && kind === "missing") return "vanished";
  if (kind === "unseen" && (GONE.test(text) || NO_WORDS.test(text))) return "folder";
  if (NOT_ENTERED.test(text) || NOT_LISTED.test(text)) return "folder";
  if (kind === "folder") return ATTRIBUTES.test(text) ? "file" : "folder";
  if (NO_WORDS.test(text) && kind === "missing") return item.includes(NO_TEXT) ? "folder" : "vanished";
  return "file";
}

/** As many are named; the others are counted. */
const MAX_NAMED = 20;

/** Counts the faults of one run of restic. The same item counts once, however often restic speaks of it. */
export class ReadFaults {
  readonly #seen = new Set<string>();
  readonly #named: string[] = [];
  #files = 0;
  #folders = 0;
  #firstFolder: string | undefined;

  /** More than these are not told apart any more: a count is a count. */
  static readonly #MAX_SEEN = 100_000;

  add(error: ReadError, kind: ItemKind): void {
    const fault = readFaultOf(error, kind);
    if (fault === "vanished" || fault === "reserved" || this.#seen.has(error.item)) return;
    if (this.#seen.size < ReadFaults.#MAX_SEEN) this.#seen.add(error.item);
    const line = `${error.item}: ${error.text}`;
    if (fault === "folder") {
      this.#folders += 1;
      this.#firstFolder ??= line;
    } else {
      this.#files += 1;
    }
    if (this.#named.length < MAX_NAMED) this.#named.push(line);
  }

  /** Of files and folders. */
  get count(): number {
    return this.#files + this.#folders;
  }

  /** The first folder that could not be read, with restic's words. */
  get firstFolder(): string | undefined {
    return this.#firstFolder;
  }

  /** What was not read, the first of it by name. */
  warnings(path: string): readonly string[] {
    const rest = this.count - this.#named.length;
    return [...this.#named, ...(rest > 0 ? [`${rest} more files of ${path} could not be read`] : [])];
  }
}

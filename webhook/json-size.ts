/** Looks at a JSON text before it is read: a short text can stand for a lot of memory, or for more than the stack holds. */

/** Deeper than any object of Kubernetes; functions that walk values go as deep by recursion. */
export const MAX_JSON_DEPTH = 200;
/** Objects and lists, of 50 bytes and more each. An object of 1.5 MiB, the most that etcd takes, has a tenth. */
export const MAX_JSON_PARTS = 500_000;

export interface JsonLimits {
  readonly maxParts: number;
  /** Without one any depth will do, as for a reader that doesn't walk it. */
  readonly maxDepth?: number;
}

/**
 * @returns what is wrong with the text; undefined also for texts that are no JSON, which are found out by reading them
 */
export function findJsonFault(text: string, { maxParts, maxDepth }: JsonLimits): string | undefined {
  let depth = 0;
  let parts = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > (maxDepth ?? depth)) return `it nests deeper than ${maxDepth} levels`;
        if (++parts > maxParts) return `it has more than ${maxParts} objects and lists`;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      default:
    }
  }
  return undefined;
}

/** Place of the quote that ends a string; past the end when there is none. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}

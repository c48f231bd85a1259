/**
 * Texts that objects have in common, held once. Thousands of objects say the same reasons, messages, zones and times, and JSON gives each of
 * them copies of its own: nearly half of what is kept of an invoker.
 */
/** Shorter ones are held once by the engine itself; longer ones are hardly ever the same. */
const SHORTEST = 8;
const LONGEST = 256;
/** Then it begins anew: names and ids, which nobody shares, go, and what is shared comes back. */
const MOST_TEXTS = 2_000;

export interface TextPool {
  /** Puts shared texts in the place of the value's own, in the value itself. @param value just read, and nobody else's */
  share<T>(value: T): T;
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export function createTextPool(): TextPool {
  const known = new Map<string, string>();

  function shared(text: string): string {
    if (text.length < SHORTEST || text.length > LONGEST) return text;
    const same = known.get(text);
    if (same !== undefined) return same;
    if (known.size >= MOST_TEXTS) known.clear();
    known.set(text, text);
    return text;
  }

  function walk(value: unknown): void {
    if (Array.isArray(value)) {
      const items: unknown[] = value;
      for (const [at, item] of items.entries()) {
        if (typeof item === "string") items[at] = shared(item);
        else walk(item);
      }
    } else if (isFields(value)) {
      for (const key in value) {
        const field = value[key];
        if (typeof field === "string") value[key] = shared(field);
        else walk(field);
      }
    }
  }

  return {
    share(value) {
      walk(value);
      return value;
    },
  };
}

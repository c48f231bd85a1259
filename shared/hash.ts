/** FNV-1a with 64 bits: the hash that upstream puts into annotations. Not for secrets. */

const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

/** Hash of the text's UTF-8 bytes. */
export function fnv1a64(text: string): bigint {
  let hash = OFFSET;
  for (const byte of Buffer.from(text, "utf8")) {
    hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  }
  return hash;
}

/** Decimal text of the hash, as in the last-applied annotations. */
export function fnv1a64Decimal(text: string): string {
  return fnv1a64(text).toString(10);
}

/** Ten characters that are fit for object and volume names. */
export function shortHash(text: string): string {
  return fnv1a64(text).toString(36).padStart(13, "0").slice(-10);
}

/** JSON with the keys of every object in order, so that equal values give equal text. `undefined` fields are left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => {
    if (typeof field !== "object" || field === null || Array.isArray(field)) return field;
    return Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

/** FNV-1a with 64 bits: the hash that upstream puts into annotations. Not for secrets. */

const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
/** The prime is 2^40 + 435. */
const PRIME_LOW = 435;
const TWO_32 = 2 ** 32;

/** Hash of the text's UTF-8 bytes. Computed in two halves, each below 2^53 at every step: BigInt takes 20 times as long. */
export function fnv1a64(text: string): bigint {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  for (const byte of Buffer.from(text, "utf8")) {
    low = (low ^ byte) >>> 0;
    const product = low * PRIME_LOW;
    // `>>> 0` is the rest of a division by 2^32, also of numbers that are larger.
    high = (high * PRIME_LOW + Math.floor(product / TWO_32) + ((low << 8) >>> 0)) >>> 0;
    low = product >>> 0;
  }
  return (BigInt(high) << 32n) | BigInt(low);
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
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  let fields = "";
  for (const key of Object.keys(value).sort()) {
    const field: unknown = Reflect.get(value, key);
    if (field !== undefined) fields += `${fields === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(field)}`;
  }
  return `{${fields}}`;
}

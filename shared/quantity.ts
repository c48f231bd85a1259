/** Kubernetes quantities such as `500m` or `2Gi`, read to be compared. */
import { QUANTITY_PATTERN } from "./api/schema.ts";

const QUANTITY = new RegExp(QUANTITY_PATTERN);
const MAX_LENGTH = 64;
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY = "KMGTPE";

/**
 * The number that a quantity stands for. Exponents are joined to the digits before they are read, so that equal quantities
 * give equal numbers however they are written: `0.7` and `700m`.
 *
 * @returns undefined when it can't be read
 */
export function readQuantity(quantity: string | number): number | undefined {
  const text = String(quantity);
  if (text.length > MAX_LENGTH || !QUANTITY.test(text)) return undefined;
  const unit = text.at(-1) ?? "";
  if (unit === "i") return Number(text.slice(0, -2)) * 1024 ** (BINARY.indexOf(text.at(-2) ?? "") + 1);
  const exponent = DECIMAL[unit];
  return exponent === undefined ? Number(text) : Number(`${text.slice(0, -1)}e${exponent}`);
}

/** Whether the first amount is greater; one that is missing or can't be read is not. */
export function isAbove(amount: string | number | undefined, limit: string | number | undefined): boolean {
  if (amount === undefined || limit === undefined) return false;
  return (readQuantity(amount) ?? 0) > (readQuantity(limit) ?? Number.POSITIVE_INFINITY);
}

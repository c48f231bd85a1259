/** Whether an answer is what it must be. Pure. */
import type { Expectation } from "../../../shared/api/verification.ts";

const INTEGER = /^[+-]?\d+$/;

/** Whole numbers of any length are compared digit by digit. @returns undefined when one is no number */
function compareNumbers(one: string, other: string): number | undefined {
  if (INTEGER.test(one) && INTEGER.test(other)) {
    const difference = BigInt(one.replace("+", "")) - BigInt(other.replace("+", ""));
    return difference === 0n ? 0 : difference < 0n ? -1 : 1;
  }
  const [a, b] = [one, other].map((text) => (text.trim() === "" ? Number.NaN : Number(text)));
  const difference = (a ?? Number.NaN) - (b ?? Number.NaN);
  return Number.isNaN(difference) ? undefined : Math.sign(difference);
}

/** @returns why it is not; undefined when it is */
export function faultOfAnswer(value: string, { equals, min, max }: Expectation): string | undefined {
  if (equals === undefined && min === undefined && max === undefined) return "it is not said what it must be";
  if (equals !== undefined && value !== equals) return `it must be ${JSON.stringify(equals)}`;
  for (const [limit, word, sign] of [
    [min, "least", -1],
    [max, "most", 1],
  ] as const) {
    if (limit === undefined) continue;
    const compared = compareNumbers(value, limit);
    if (compared === undefined) return `it must be a number, at ${word} ${limit}`;
    if (compared === sign) return `it must be at ${word} ${limit}`;
  }
  return undefined;
}

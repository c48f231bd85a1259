/** Which files' contents are compared where a share of them will do. Pure: the choice follows from a seed, which is recorded. */
import { createHash } from "node:crypto";
import { UserError } from "../../shared/errors.ts";

const SHARE = /^(\d{1,3}(?:\.\d{1,6})?)%$/;

/** @returns between 0 and 1; undefined when all are compared @throws UserError INVALID_OBJECT when it is no share */
export function parseSample(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const percent = Number(SHARE.exec(text)?.[1]);
  if (!(percent > 0 && percent <= 100)) {
    throw new UserError("INVALID_OBJECT", `sample: ${JSON.stringify(text)} is no share`, {
      next: "Write a percentage above 0% and up to 100%, such as 2%.",
    });
  }
  return percent === 100 ? undefined : percent / 100;
}

const BITS = 48;

/** Place of a file between 0 and 1: the same for the same seed and path, and as good as random otherwise. */
function sampleRank(seed: string, path: string): number {
  const hash = createHash("sha256").update(`${seed}\0${path}`).digest();
  return hash.readUIntBE(0, BITS / 8) / 2 ** BITS;
}

export interface Sample {
  /** Whether it may be chosen: what a pattern can't name is not. */
  offer(path: string): void;
  /** At least one, where any was offered. */
  chosen(): readonly string[];
}

/** Names that a file of patterns can't hold. */
const UNNAMEABLE = /[\n\r\ufffd]|^\s|\s$/;

export function createSample(seed: string, share: number): Sample {
  const chosen: string[] = [];
  let first: { readonly path: string; readonly rank: number } | undefined;
  return {
    offer(path) {
      if (UNNAMEABLE.test(path)) return;
      const rank = sampleRank(seed, path);
      if (rank < share) chosen.push(path);
      if (first === undefined || rank < first.rank) first = { path, rank };
    },
    chosen: () => (chosen.length === 0 && first !== undefined ? [first.path] : [...chosen]),
  };
}

/** A path as a line of a file of restic's patterns, which knows `*`, `?`, `[` and `\`, and variables. */
export function asPattern(path: string): string {
  return path.replace(/[*?[\\]/g, "\\$&").replaceAll("$", "$$$$");
}

/** What a restore's patterns leave of the snapshots, before anything is written. Pure. */
import { UserError } from "../../shared/errors.ts";
import { allPatterns, createSelection, type Patterns } from "../restic/patterns.ts";

const SPECIAL = /[*?[\]\\]/;

const HINT = "; [ ] * ? and \\ have a meaning in patterns, and \\ before them takes it away";

export interface Selected {
  /** Whether an entry is restored; true for each where only restic can tell. */
  look(path: string): boolean;
  /** @throws UserError NOTHING_SELECTED when the patterns leave nothing of what was looked at, or not what they name */
  requireSome(): void;
}

/**
 * @param rule patterns of the rule
 * @param args further arguments of the user
 * @param paths what the snapshots hold; folders above are no part of it
 */
export function createSelected(rule: Patterns, args: readonly string[], paths: readonly string[]): Selected {
  const patterns = allPatterns(rule, args);
  const isSelected = patterns === undefined ? () => true : createSelection(patterns);
  const isPart = (path: string) => paths.some((one) => path === one || path.startsWith(one === "/" ? "/" : `${one}/`));
  // Meant as they are, by somebody who did not think of patterns.
  const names = new Set((patterns?.include ?? []).filter((pattern) => SPECIAL.test(pattern)));
  let missed: string | undefined;
  let some = patterns === undefined;
  return {
    look(path) {
      const isIt = isPart(path) && isSelected(path);
      if (!isIt && names.has(path)) missed ??= path;
      some ||= isIt;
      return isIt;
    },
    requireSome() {
      if (missed !== undefined) {
        throw new UserError("NOTHING_SELECTED", `include ${missed} leaves out what has that very name${HINT}`);
      }
      if (some || patterns === undefined) return;
      const { include, exclude } = patterns;
      const named = include.length > 0 ? `include ${include.join(", ")}` : `exclude ${exclude.join(", ")}`;
      const hint = names.size > 0 ? HINT : "";
      throw new UserError("NOTHING_SELECTED", `${named} leaves nothing of ${paths.join(", ")}${hint}`);
    },
  };
}

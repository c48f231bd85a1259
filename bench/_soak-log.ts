/** What a soak did and found, line by line, so that a finding can be looked into. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export const FINDINGS = ["stuck", "lost", "doubled", "falseSuccess"] as const;
export type Finding = (typeof FINDINGS)[number];

export interface SoakLog {
  readonly path: string;
  /** One line: the time, a word, and facts. */
  note(word: string, facts?: Readonly<Record<string, unknown>>): void;
  /** As note, and it is counted. */
  find(finding: Finding, facts: Readonly<Record<string, unknown>>): void;
  counts(): Readonly<Record<Finding, number>>;
}

export function openSoakLog(path: string): SoakLog {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  const counts: Record<Finding, number> = { stuck: 0, lost: 0, doubled: 0, falseSuccess: 0 };
  const note = (word: string, facts: Readonly<Record<string, unknown>> = {}): void => {
    appendFileSync(path, `${new Date().toISOString()} ${word} ${JSON.stringify(facts)}\n`);
  };
  return {
    path,
    note,
    find(finding, facts) {
      counts[finding] += 1;
      note(`FOUND ${finding}`, facts);
      process.stderr.write(`soak: ${finding}: ${JSON.stringify(facts).slice(0, 300)}\n`);
    },
    counts: () => counts,
  };
}

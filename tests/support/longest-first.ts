import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take a minute and more, the longest first. */
const LONGEST: readonly string[] = [
  "session-kill",
  "restore",
  "job",
  "restore-quiet",
  "node-lost",
  "agent-kill",
  "restore-kill",
  "proof",
  "install",
  "harmless",
  "demo",
  "unreadable",
  "bad-input",
  "dump-mariadb",
];

/** Starts with what takes long, so that no worker is left alone with it at the end; the rest in vitest's own order. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rest = await super.sort(files);
    return rest.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.indexOf(basename(moduleId, ".test.ts"));
  return rank === -1 ? LONGEST.length : rank;
}

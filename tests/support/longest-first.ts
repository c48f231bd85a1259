import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take a minute and more, the longest first. */
const LONGEST: readonly string[] = [
  "session-kill",
  "restore",
  "cli",
  "job",
  "restore-kill",
  "node-lost",
  "install",
  "restore-quiet",
  "upgrade",
  "harmless",
  "session-faults",
  "proof",
  "demo",
  "harmless-taken-out",
  "ui",
  "after-hooks",
  "chart",
  "maintenance",
  "quickstart",
  "bad-input",
  "dump-mariadb",
  "proof-faults",
  "session",
  "backends",
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

/** Contents of restored files against those of the snapshot: restic's own dry run, which reads each file and compares its parts. */

import { rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path/posix";
import { UserError } from "../../shared/errors.ts";
import type { Restic } from "../restic/client.ts";
import { DRY_RUN } from "../restic/dry-run.ts";
import type { Findings } from "./findings.ts";
import { gatherEntry } from "./gather-entry.ts";
import type { RestoredPath } from "./places.ts";
import { createContentsReader } from "./read-contents.ts";
import { asPattern } from "./sample.ts";

export interface ContentsToCompare {
  readonly snapshotId: string;
  readonly where: RestoredPath;
  /** The path is that of a file. */
  readonly isFile: boolean;
  /** How many files came back with their size. */
  readonly expected: number;
  /** Only these; all when undefined. */
  readonly chosen: readonly string[] | undefined;
  /** File that the choice is written to. */
  readonly choiceFile: string;
}

export interface ComparedContents {
  readonly files: number;
  readonly bytes: number;
}

/** @throws UserError when restic can't compare them */
export async function compareContents(
  compare: ContentsToCompare,
  { restic, signal, findings }: { readonly restic: Restic; readonly signal: AbortSignal; readonly findings: Findings },
): Promise<ComparedContents> {
  const { snapshotId, where, isFile, chosen, choiceFile } = compare;
  const expected = chosen?.length ?? compare.expected;
  if (expected === 0) return { files: 0, bytes: 0 };
  // restic can begin below a folder alone.
  const top = isFile ? dirname(where.path) : where.path;
  const targetFolder = (isFile ? dirname(where.restoredTo) : where.restoredTo) || "/";
  const reader = createContentsReader((item) => {
    const seen = gatherEntry(`${targetFolder === "/" ? "" : targetFolder}${item}`);
    return seen !== undefined && "kind" in seen && seen.kind === "file" ? seen : undefined;
  });
  const only = isFile ? [where.path] : chosen;
  const patterns = only?.map((path) => asPattern(top === "/" ? path : path.slice(top.length)));
  if (patterns !== undefined) await writeFile(choiceFile, `${patterns.join("\n")}\n`);
  try {
    const exit = await restic.restore(
      {
        snapshotId: top === "" || top === "/" ? snapshotId : `${snapshotId}:${top}`,
        targetFolder,
        include: [],
        exclude: [],
        args: [],
        flags: [...DRY_RUN, ...(patterns === undefined ? [] : [`--include-file=${choiceFile}`])],
        isVerified: false,
      },
      { signal, onOutput: reader.add },
    );
    if (exit.code !== 0) throw restic.fault("comparison of contents", exit);
  } finally {
    if (patterns !== undefined) await rm(choiceFile, { force: true });
  }
  const { same, sameBytes, different } = reader.end();
  for (const item of different) {
    findings.add({
      code: "RESTORED_FILE_DIFFERS",
      path: `${top === "/" ? "" : top}${item}`,
      message: "its content is not that of the snapshot, though its size is",
    });
  }
  // A restic that compares less than it was asked to is no proof.
  if (same + different.length < expected) {
    throw new UserError("VERIFY_FAILED", `restic compared ${same + different.length} of ${expected} files`);
  }
  return { files: same, bytes: sameBytes };
}

/** What patterns select that restic alone can read, as its own dry run tells. */

import { UserError } from "../../shared/errors.ts";
import { parseJson, textAt } from "../../shared/json/value.ts";
import { isWithin } from "../../shared/paths.ts";
import type { ResolvedSnapshot, RestoreSelection } from "../../shared/target/restore-rules.ts";
import { DRY_RUN, NO_DRY_RUN } from "../restic/dry-run.ts";
import type { SnapshotSize } from "../restic/list-snapshot.ts";
import type { HostRestore, HostRestorePorts } from "./order.ts";
import { createTried } from "./tried.ts";

/**
 * Counts what a restore of the snapshot would bring back of its paths. Folders above them are no part of it.
 *
 * @returns undefined where this restic has no dry run
 * @throws UserError when restic fails
 */
async function countSelected(
  { id, paths }: ResolvedSnapshot,
  restore: HostRestore,
  { include, exclude }: RestoreSelection,
  { restic, signal }: Pick<HostRestorePorts, "restic" | "signal">,
): Promise<(SnapshotSize & { readonly entries: number }) | undefined> {
  const tried = createTried();
  let entries = 0;
  const exit = await restic.restore(
    {
      snapshotId: id,
      targetFolder: restore.targetFolder,
      include,
      exclude,
      args: restore.args,
      flags: DRY_RUN,
      isVerified: false,
    },
    {
      signal,
      onLine(line) {
        const message = parseJson(line);
        const item = textAt(message, "item");
        if (item === undefined || textAt(message, "message_type") !== "verbose_status") return;
        if (!paths.some((path) => isWithin(item, path))) return;
        entries += 1;
        tried.add(line);
      },
    },
  );
  if (exit.tail.some((line) => NO_DRY_RUN.test(line))) return undefined;
  if (exit.code !== 0) throw restic.fault("look at what the patterns select", exit);
  const { newFiles, changedFiles, sameFiles, totalBytes } = tried.sum();
  return { entries, files: newFiles + changedFiles + sameFiles, bytes: totalBytes };
}

/** @param restore whose arguments have the patterns, and maybe a rule */
export function nothingSelected({ args }: Pick<HostRestore, "args">, paths: readonly string[]): UserError {
  return new UserError("NOTHING_SELECTED", `the patterns of ${args.join(" ")} leave nothing of ${paths.join(", ")}`, {
    next: "Correct target.args, and the rule's include and exclude.",
  });
}

/**
 * Looks at what patterns leave that restic alone knows.
 *
 * @returns sizes of what is restored, in order; undefined for those that only the restore itself can tell
 * @throws UserError NOTHING_SELECTED when that is nothing of all snapshots
 */
export async function requireSelected(
  snapshots: readonly ResolvedSnapshot[],
  restore: HostRestore,
  selection: RestoreSelection,
  ports: Pick<HostRestorePorts, "restic" | "signal">,
): Promise<readonly (SnapshotSize | undefined)[]> {
  const counts = [];
  for (const snapshot of snapshots) counts.push(await countSelected(snapshot, restore, selection, ports));
  if (counts.length > 0 && counts.every((count) => count?.entries === 0)) {
    throw nothingSelected(
      restore,
      snapshots.flatMap(({ paths }) => paths),
    );
  }
  return counts;
}

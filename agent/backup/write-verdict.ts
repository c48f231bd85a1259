/** Writes down what is known of a snapshot only after restic made it. Other backups of the repository are in nobody's way here. */
import { SnapshotTag } from "../../shared/contract.ts";
import { type ErrorCode, messageOf } from "../../shared/errors.ts";
import { wholeSnapshots } from "../../shared/snapshots/point-parts.ts";
import { VERDICT_HOST, verdictFile, verdictTags } from "../../shared/verdicts.ts";
import type { WithLock } from "../locks/patience.ts";
import type { BackupArguments } from "../restic/arguments.ts";
import type { Restic } from "../restic/client.ts";

/** A few bytes; what takes longer waits for a backend that is away. */
const VERDICT_LIMIT_MS = 5 * 60_000;
const FORGET_LIMIT_MS = 10 * 60_000;

export interface VerdictPorts {
  readonly restic: Restic;
  readonly withLock: WithLock;
}

/**
 * A run that is cancelled or out of time writes it all the same: nobody else knows.
 *
 * @param id of the snapshot
 * @param says tags that it would have if restic had known
 * @throws UserError when the repository can't be written
 */
export async function writeVerdict(id: string, says: readonly string[], ports: VerdictPorts): Promise<void> {
  const { restic, withLock } = ports;
  const tags = verdictTags(id, says).flatMap((tag) => ["--tag", tag]);
  const command = ["backup", "--json", "--stdin", "--stdin-filename", verdictFile(id), "--host", VERDICT_HOST, ...tags];
  const exit = await withLock(() =>
    restic.run(command, {
      timeLimitMs: VERDICT_LIMIT_MS,
      onStdin(stdin) {
        // restic that went away is seen by its exit.
        stdin.on("error", () => undefined);
        stdin.end(`of snapshot ${id}: ${says.join(" ")}\n`);
      },
    }),
  );
  if (exit.code !== 0) throw restic.fault(`verdict on snapshot ${id.slice(0, 8)}`, exit);
}

/** @returns a warning when it could not be written */
export async function tryVerdict(
  what: string,
  id: string,
  says: readonly string[],
  ports: VerdictPorts,
): Promise<readonly string[]> {
  try {
    await writeVerdict(id, says, ports);
    return [];
  } catch (error) {
    return [
      `snapshot ${id.slice(0, 8)} ${what}, which could not be written down: ${ports.restic.clean(messageOf(error))}`,
    ];
  }
}

/**
 * Takes a snapshot that is not whole from the recovery points. What was read stays for who has nothing else, until there is a newer
 * one of the kind.
 *
 * @returns a warning when that could not be written down
 */
export async function setAside(
  saved: Pick<BackupArguments, "host" | "path" | "tags">,
  id: string,
  code: ErrorCode,
  ports: VerdictPorts & { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const says = [`${SnapshotTag.Incomplete}${code}`];
  const warnings = await tryVerdict(`of ${saved.path} is not whole`, id, says, ports);
  if (warnings.length > 0) return warnings;
  // The verdict stands, and why it was written is what counts: retention removes what this could not.
  await removeOlder(saved, id, ports).catch(() => undefined);
  return [];
}

/** Those of the kind that are not whole either. @throws UserError when they can't be listed */
async function removeOlder(
  saved: Pick<BackupArguments, "host" | "path" | "tags">,
  id: string,
  ports: { readonly restic: Restic; readonly signal: AbortSignal },
): Promise<void> {
  const { restic, signal } = ports;
  // Without the invoker it could be another's, of another cluster.
  const tags = saved.tags.filter((one) => one.startsWith(SnapshotTag.Target) || one.startsWith(SnapshotTag.Invoker));
  const ofKind = await restic.snapshots({ host: saved.host, path: saved.path, tags }, { signal });
  const whole = new Set(wholeSnapshots(ofKind));
  await forgetIfFree(
    ofKind.filter((snapshot) => !whole.has(snapshot) && !snapshot.id.startsWith(id)),
    ports,
  );
}

/**
 * Removes snapshots of which nobody needs to know whether they are gone: where others use the repository retention does it later.
 *
 * @returns whether they are gone
 */
export async function forgetIfFree(
  snapshots: readonly { readonly id: string; readonly verdicts?: readonly string[] }[],
  { restic, signal }: { readonly restic: Restic; readonly signal: AbortSignal },
): Promise<boolean> {
  const calls = [snapshots.map(({ id }) => id), snapshots.flatMap(({ verdicts = [] }) => verdicts)];
  // The verdict goes last: without it the snapshot would look whole.
  for (const ids of calls.filter(({ length }) => length > 0)) {
    const exit = await restic.run(["forget", ...ids], { signal, timeLimitMs: FORGET_LIMIT_MS });
    if (exit.code !== 0) return false;
  }
  return true;
}

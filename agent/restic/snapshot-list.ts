/** restic's list of snapshots, each with the verdicts on it. */
import { groupVerdicts, isClaim, readVerdict, type Verdict, verdictsOn, withVerdicts } from "../../shared/verdicts.ts";
import { createItemSplitter } from "./json-items.ts";
import type { ResticCall } from "./run.ts";
import { readSnapshot, type Snapshot } from "./snapshots.ts";

export interface SnapshotFilter {
  readonly host?: string;
  /** One of its paths. */
  readonly path?: string;
  /** All of them must be on the snapshot. */
  readonly tags?: readonly string[];
}

export interface ListOptions {
  /** Which ones are wanted; all by default. Of one with verdicts it is asked again, with what they say. */
  keep?(snapshot: Snapshot): boolean;
  /** Is told all verdicts that the repository holds, whatever they speak of. */
  onVerdicts?(verdicts: readonly Verdict[]): void;
}

/** Runs restic once. @throws UserError when it can't list */
export type RunList = (onRawStdout: NonNullable<ResticCall["onRawStdout"]>) => Promise<void>;

function matches({ host, path, tags = [] }: SnapshotFilter, snapshot: Snapshot): boolean {
  return (
    (host === undefined || snapshot.hostname === host) &&
    (path === undefined || snapshot.paths.includes(path)) &&
    tags.every((tag) => snapshot.tags.includes(tag))
  );
}

/** Reads the list as it comes. @throws UserError when restic can't list, or lists what is no snapshot */
async function readList(run: RunList, onSnapshot: (snapshot: Snapshot) => void): Promise<void> {
  let problem: unknown;
  const items = createItemSplitter((text) => {
    try {
      onSnapshot(readSnapshot(text));
    } catch (error) {
      problem ??= error;
    }
  });
  await run((stdout) => stdout.on("data", (chunk: Buffer) => items.feed(chunk)));
  if (problem !== undefined) throw problem;
}

/**
 * Of a repository of many only those stay in memory that are kept.
 *
 * @throws UserError as readList
 */
export async function listSnapshots(
  run: RunList,
  filter: SnapshotFilter,
  { keep, onVerdicts }: ListOptions,
): Promise<readonly Snapshot[]> {
  const isWanted = (snapshot: Snapshot) => matches(filter, snapshot) && keep?.(snapshot) !== false;
  const kept: Snapshot[] = [];
  const found: Verdict[] = [];
  await readList(run, (snapshot) => {
    const verdict = readVerdict(snapshot);
    if (verdict !== undefined) found.push(verdict);
    else if (isWanted(snapshot)) kept.push(snapshot);
  });
  onVerdicts?.(found);
  if (found.length === 0) return kept;
  const verdicts = groupVerdicts(found);
  // What tells by itself whose it is was asked for with that.
  const claims = groupVerdicts(found.filter(isClaim));
  const known = new Set(kept.map(({ id }) => id));
  const isMissed = (one: Snapshot) => !known.has(one.id) && verdictsOn(one, claims).length > 0;
  if (claims.size > 0 && (keep !== undefined || Object.keys(filter).length > 0)) {
    await readList(run, (snapshot) => {
      if (readVerdict(snapshot) === undefined && isMissed(snapshot)) kept.push(snapshot);
    });
  }
  return kept.flatMap((snapshot) => {
    const judged = withVerdicts(snapshot, verdicts);
    return judged === snapshot || isWanted(judged) ? [judged] : [];
  });
}

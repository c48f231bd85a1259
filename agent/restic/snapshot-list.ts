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
  /**
   * Is told those of them that speak of nothing in the list. Not each is an orphan: a list takes its time, and what was saved meanwhile may
   * be in it with its verdict alone.
   */
  onUnmatched?(verdicts: readonly Verdict[]): void;
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

/** The first eight digits as a number: eight bytes a snapshot, of a hundred thousand too. Every subject of a verdict has as many. */
function beginningOf(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16);
}

/** @param listed beginnings of the ids of all snapshots */
function unmatched(verdicts: readonly Verdict[], listed: readonly number[]): readonly Verdict[] {
  const open = new Set(verdicts.map(({ subject }) => beginningOf(subject)));
  for (const beginning of listed) open.delete(beginning);
  return verdicts.filter(({ subject }) => open.has(beginningOf(subject)));
}

/**
 * Of a repository of many only those stay in memory that are kept.
 *
 * @throws UserError as readList
 */
export async function listSnapshots(
  run: RunList,
  filter: SnapshotFilter,
  { keep, onVerdicts, onUnmatched }: ListOptions,
): Promise<readonly Snapshot[]> {
  const isWanted = (snapshot: Snapshot) => matches(filter, snapshot) && keep?.(snapshot) !== false;
  const kept: Snapshot[] = [];
  const found: Verdict[] = [];
  const listed: number[] = [];
  await readList(run, (snapshot) => {
    const verdict = readVerdict(snapshot);
    if (verdict !== undefined) {
      found.push(verdict);
      return;
    }
    if (isWanted(snapshot)) kept.push(snapshot);
    if (onUnmatched === undefined) return;
    listed.push(beginningOf(snapshot.id));
    if (snapshot.original !== undefined) listed.push(beginningOf(snapshot.original));
  });
  onVerdicts?.(found);
  onUnmatched?.(unmatched(found, listed));
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

/**
 * What the checks of a repository found, in its status. Pure. Two kinds of checks look at two things, and none speaks for the other:
 *
 * | check | looks at | what it found goes by |
 * |---|---|---|
 * | of the structure | index, trees, whether each pack is there | a later check of the structure |
 * | of a part of the data | the content of that part's packs | a later check of the same part, or of a larger one that holds it |
 */
import type { DataFault, RepositoryStatus } from "../../shared/api/repository.ts";

/** A status can't grow without end; where more parts are bad the oldest that are known stay. */
const MAX_FAULTS = 100;
/** Where nobody said which part was read: only a check of all of it takes such a fault back. */
const ALL = "1/1";

interface Part {
  readonly index: number;
  readonly parts: number;
}

function parsePart(text: string): Part | undefined {
  const [, index, parts] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const part = { index: Number(index), parts: Number(parts) };
  return part.index >= 1 && part.index <= part.parts ? part : undefined;
}

/** Part `i/n` holds the packs whose id's first byte leaves `i - 1` when divided by `n`: `3/4` is `3/8` and `7/8` together. */
function isWithin(part: string, read: string): boolean {
  const [inner, outer] = [parsePart(part), parsePart(read)];
  if (inner === undefined || outer === undefined) return part === read;
  return inner.parts % outer.parts === 0 && (inner.index - 1) % outer.parts === outer.index - 1;
}

type Verdicts = Pick<
  RepositoryStatus,
  "integrity" | "structureIntegrity" | "dataFaults" | "readDataSubset" | "lastCheckTime" | "lastReadDataCheckTime"
>;

/** What is known of both. A damage that was written down before they were told apart may be of either. */
function knownOf({ integrity, structureIntegrity, dataFaults, readDataSubset, ...times }: Verdicts) {
  if (integrity !== false || structureIntegrity === false || (dataFaults ?? []).length > 0)
    return { structureIntegrity, dataFaults: dataFaults ?? [] };
  const at = times.lastReadDataCheckTime;
  const isRead = readDataSubset !== undefined && at !== undefined;
  return {
    structureIntegrity: false,
    dataFaults: isRead ? [{ part: readDataSubset, foundAt: at, checkedAt: at }] : [],
  };
}

/** Parts of the data that are known to be bad. */
export function dataFaultsOf(status: Verdicts): readonly DataFault[] {
  return knownOf(status).dataFaults;
}

export interface CheckVerdict {
  readonly isGood: boolean;
  /** When the check ended. */
  readonly at: string;
}

/** Both verdicts and what they are together, after checks; undefined stands for one that did not run, or could not. */
export function withVerdicts(
  status: Verdicts,
  checks: { readonly structure: CheckVerdict | undefined; readonly data: CheckVerdict | undefined },
  part: string | undefined,
): Pick<RepositoryStatus, "integrity" | "structureIntegrity" | "dataFaults"> {
  const { structure, data } = checks;
  if (structure === undefined && data === undefined) return {};
  const known = knownOf(status);
  const structureIntegrity = structure?.isGood ?? known.structureIntegrity;
  const dataFaults = data === undefined ? known.dataFaults : withData(known.dataFaults, data, part);
  return {
    integrity: structureIntegrity !== false && dataFaults.length === 0,
    ...(structureIntegrity !== undefined && { structureIntegrity }),
    ...((dataFaults.length > 0 || status.dataFaults !== undefined) && { dataFaults }),
  };
}

function withData(
  faults: readonly DataFault[],
  { isGood, at }: CheckVerdict,
  read: string | undefined,
): readonly DataFault[] {
  if (isGood) return read === undefined ? faults : faults.filter(({ part }) => !isWithin(part, read));
  const bad = read ?? ALL;
  const same = faults.find(({ part }) => part === bad);
  const others = faults.filter(({ part }) => part !== bad);
  return [...others, { part: bad, foundAt: same?.foundAt ?? at, checkedAt: at }].slice(0, MAX_FAULTS);
}

/** What is damaged, for people; undefined where nothing is known to be. */
export function formatDamage(status: Verdicts): string | undefined {
  if (status.integrity !== false) return undefined;
  const { structureIntegrity, dataFaults } = knownOf(status);
  const parts = dataFaults.map(({ part, foundAt }) => `part ${part} of the data (${foundAt})`);
  const at = status.lastCheckTime;
  const structure = structureIntegrity === false ? [`the structure${at === undefined ? "" : ` (${at})`}`] : [];
  const shown = [...structure, ...parts].slice(0, 5).join(", ");
  return `a check found damage in the repository: ${shown}`;
}

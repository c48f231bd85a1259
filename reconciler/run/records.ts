/** What the records of a run hold: host runs that keep parts of its status. Pure. */
import type { HostRun } from "../../shared/api/host-run.ts";
import { nameWithSuffix } from "../../shared/names.ts";
import type { HostRuns, RunOwner } from "./host-runs.ts";

export interface RecordedPart {
  readonly run: HostRun;
  readonly json: string;
}

/** A later record counts before an earlier one. */
export interface Recorded {
  /** As the status names them. */
  readonly names: readonly string[];
  /** By the keys of pieces. */
  readonly parts: ReadonlyMap<string, RecordedPart>;
}

export const NOTHING_RECORDED: Recorded = { names: [], parts: new Map() };

/** Name of a record's host run. */
export function recordName(owner: Pick<RunOwner, "name">, name: string): string {
  return nameWithSuffix(owner.name, name);
}

/**
 * @param names as the stored status has them
 * @param known host runs of this very run, by name
 */
export function recordedIn(
  owner: Pick<RunOwner, "name">,
  names: readonly string[] | undefined,
  known: HostRuns,
): Recorded {
  if (names === undefined || names.length === 0) return NOTHING_RECORDED;
  const parts = new Map<string, RecordedPart>();
  for (const name of names) {
    const run = known.get(recordName(owner, name));
    if (run?.spec.work !== "Record") continue;
    for (const { key, json } of run.spec.record ?? []) parts.set(key, { run, json });
  }
  return { names, parts };
}

/** Names of records that the status counts on and that are not among the host runs. */
export function missingRecords(
  owner: Pick<RunOwner, "name">,
  names: readonly string[] | undefined,
  known: HostRuns,
): readonly string[] {
  return (names ?? []).map((name) => recordName(owner, name)).filter((name) => !known.has(name));
}

/**
 * Reads parts of one kind. Each is parsed once for each host run as the informer has it, and so stays the same object.
 *
 * @throws UserError INVALID_OBJECT when it is no such part
 */
export function createPartReader<Value>(parse: (value: unknown) => Value) {
  const known = new WeakMap<HostRun, Map<string, Value>>();
  return ({ parts }: Recorded, key: string): Value | undefined => {
    const part = parts.get(key);
    if (part === undefined) return undefined;
    const values = known.get(part.run) ?? new Map<string, Value>();
    known.set(part.run, values);
    const value = values.get(key) ?? parse(JSON.parse(part.json));
    values.set(key, value);
    return value;
  };
}

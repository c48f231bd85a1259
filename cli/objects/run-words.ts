/** Which run people mean: a session or a restore. Pure. */
import { KINDS, type KindEntry } from "../../shared/api/kinds.ts";
import { UsageError } from "../program/usage-error.ts";

export type RunKind = "BackupSession" | "RestoreBatch" | "RestoreSession";

export interface RunWord {
  readonly kind: RunKind;
  readonly name: string;
}

const WORDS: Readonly<Record<string, RunKind>> = {
  session: "BackupSession",
  sessions: "BackupSession",
  backupsession: "BackupSession",
  backupsessions: "BackupSession",
  restore: "RestoreBatch",
  restores: "RestoreBatch",
  restorebatch: "RestoreBatch",
  restorebatches: "RestoreBatch",
  restoresession: "RestoreSession",
  restoresessions: "RestoreSession",
};

const NEXT = "write session/NAME, restore/NAME or restoresession/NAME";

/** Reads `TYPE NAME` or `TYPE/NAME`. @throws UsageError */
export function parseRunWords(words: readonly string[]): RunWord {
  const [first = "", ...others] = words;
  const slash = first.indexOf("/");
  const [type, name, rest] =
    slash < 0 ? [first, others[0], others.slice(1)] : [first.slice(0, slash), first.slice(slash + 1), others];
  const [typeWord = ""] = type.toLowerCase().split(".");
  const kind = WORDS[typeWord];
  if (kind === undefined) throw new UsageError(`${JSON.stringify(type)} is no run`, NEXT);
  if (!name) throw new UsageError(`which ${typeWord}?`, NEXT);
  if (rest.length > 0) throw new UsageError(`one at a time, not ${rest.join(" ")} too`);
  return { kind, name };
}

export function kindOfRun(kind: RunKind): KindEntry {
  return KINDS[kind];
}

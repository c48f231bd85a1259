/** What is written on an object that was made from a blueprint, so that nothing made by others is ever changed. Pure. */
import { Annotation } from "../../shared/contract.ts";
import { canonicalJson, shortHash } from "../../shared/hash.ts";
import { isJsonObject, parseJson } from "../../shared/json/value.ts";

export interface AutoBackupNote {
  /** The object's own name: a copy that somebody makes under another name is theirs. */
  readonly name: string;
  /** targetKey() of the workload, claim or AppBinding. */
  readonly target: string;
  readonly blueprint: string;
  /** Hash of the spec as it was made; it tells that a field went. */
  readonly spec: string;
}

interface Noted {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

export function buildNote(of: Omit<AutoBackupNote, "spec">, spec: unknown): AutoBackupNote {
  return { ...of, spec: shortHash(canonicalJson(spec)) };
}

export function formatNote({ name, target, blueprint, spec }: AutoBackupNote): string {
  return JSON.stringify({ name, target, blueprint, spec });
}

/** @returns undefined when the object was made by somebody else */
export function readNote({ metadata }: Noted): AutoBackupNote | undefined {
  const text = metadata.annotations?.[Annotation.AutoBackup];
  const note = text === undefined ? undefined : parseJson(text);
  if (!isJsonObject(note)) return undefined;
  const { name, target, blueprint, spec } = note;
  if (typeof name !== "string" || typeof target !== "string") return undefined;
  if (typeof blueprint !== "string" || typeof spec !== "string" || name !== metadata.name) return undefined;
  return { name, target, blueprint, spec };
}

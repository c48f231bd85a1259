/**
 * Secrets, ConfigMaps and claims that settings or a volume name, wherever in them. Kubernetes adds ways to name a Secret with each
 * version, so the fields are told by their names and not by a list of places. Pure.
 */
import { isJsonObject } from "../json/value.ts";
import type { EffectOn } from "./types.ts";

const GET_SECRET: EffectOn = { verb: "get", group: "", resource: "secrets" };
const GET_CONFIG_MAP: EffectOn = { verb: "get", group: "", resource: "configmaps" };
const UPDATE_CLAIM: EffectOn = { verb: "update", group: "", resource: "persistentvolumeclaims" };

export interface NamedObject {
  readonly on: EffectOn;
  readonly name: string;
}

/** What a field of this name holds the name of; `at` is the field within it, undefined where it is the name itself. */
interface Naming {
  readonly key: RegExp;
  readonly at?: string;
  readonly on: EffectOn;
}

const NAMINGS: readonly Naming[] = [
  { key: /^secretName$/, on: GET_SECRET },
  { key: /^secret$|Secret$|^secret\w*Ref$|Secret\w*Ref$|^imagePullSecrets$/, at: "name", on: GET_SECRET },
  { key: /^configMap/, at: "name", on: GET_CONFIG_MAP },
  { key: /^claimName$/, on: UPDATE_CLAIM },
];

/** @param value any part of an object */
export function objectsNamedIn(value: unknown): readonly NamedObject[] {
  const found = new Map<string, NamedObject>();
  // No recursion: a user decides how deep the text is.
  const open: { readonly key: string; readonly value: unknown }[] = [{ key: "", value }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { key, value: held } = next;
    for (const naming of NAMINGS) {
      const name = naming.key.test(key) ? nameOf(held, naming.at) : undefined;
      if (name !== undefined) found.set(`${naming.on.resource}/${name}`, { on: naming.on, name });
    }
    // Items of a list stand under the name of the list.
    if (Array.isArray(held)) for (const item of held) open.push({ key, value: item });
    else if (isJsonObject(held)) for (const [field, one] of Object.entries(held)) open.push({ key: field, value: one });
  }
  return [...found.values()].sort((a, b) => compareText(`${a.on.resource}/${a.name}`, `${b.on.resource}/${b.name}`));
}

function nameOf(held: unknown, at: string | undefined): string | undefined {
  const name = at === undefined ? held : isJsonObject(held) ? held[at] : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Golden cases of admission: a folder each. Its workload is tests/golden/workload.json, changed as its overlay.json says (a merge
 * patch, RFC 7386); or what its own workload.json holds, where most of it is otherwise.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isJsonObject, parseJson } from "../../../shared/json/value.ts";

const GOLDEN = resolve(import.meta.dirname, "../../golden");
const FOLDER = join(GOLDEN, "injection");

export const goldenNames: readonly string[] = readdirSync(FOLDER).sort();

/** Undefined where the case has no such file. */
export function readGolden(name: string, file: "world.json" | "patch.json"): unknown {
  return readAt(join(FOLDER, name, file));
}

export function writeGolden(name: string, file: "patch.json", value: unknown): void {
  writeFileSync(join(FOLDER, name, file), `${JSON.stringify(value, null, 2)}\n`);
}

export function readGoldenWorkload(name: string): unknown {
  const own = readAt(join(FOLDER, name, "workload.json"));
  const base = own ?? readAt(join(GOLDEN, "workload.json"));
  const overlay = readAt(join(FOLDER, name, "overlay.json"));
  return overlay === undefined ? base : merged(base, overlay);
}

function readAt(path: string): unknown {
  return existsSync(path) ? parseJson(readFileSync(path, "utf8")) : undefined;
}

function merged(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

/** Reads what a kustomization stands for, where it only lists files and folders. Patches are kustomize's affair. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { isJsonObject, textAt } from "../../shared/json/value.ts";

const HEAD = ["apiVersion", "kind"];

/** Text of a file; the disk's, unless a generator is about to write another. */
export type ReadText = (path: string) => string;

const readFromDisk: ReadText = (path) => readFileSync(path, "utf8");

/**
 * The objects of a kustomization, in the order of its list.
 *
 * @throws Error when the kustomization does more than list, since the result would be another than kustomize's
 */
export function composeObjects(folder: string, readText: ReadText = readFromDisk): readonly unknown[] {
  const kustomization: unknown = parse(readText(join(folder, "kustomization.yaml")));
  if (!isJsonObject(kustomization)) throw new Error(`${folder} has no kustomization`);
  const unknown = Object.keys(kustomization).filter((key) => key !== "resources" && !HEAD.includes(key));
  if (unknown.length > 0) throw new Error(`${folder}: ${unknown.join(", ")} of a kustomization can't be composed`);
  const entries = kustomization["resources"] ?? [];
  if (!Array.isArray(entries)) throw new Error(`${folder}: resources is no list`);
  return entries.flatMap((entry) => readEntry(folder, String(entry), readText));
}

function readEntry(folder: string, entry: string, readText: ReadText): readonly unknown[] {
  const path = join(folder, entry);
  return entry.endsWith(".yaml") ? readObjects(path, readText) : composeObjects(path, readText);
}

/** The objects of a file with any number of documents. */
export function readObjects(path: string, readText: ReadText = readFromDisk): readonly unknown[] {
  return parseAllDocuments(readText(path))
    .map((document): unknown => document.toJS())
    .filter((object) => textAt(object, "kind") !== undefined);
}

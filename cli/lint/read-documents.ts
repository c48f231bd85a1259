/** Reads the objects of files, folders and the input. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { text as readStream } from "node:stream/consumers";
import { LineCounter, parseAllDocuments } from "yaml";
import { messageOf, UserError } from "../../shared/errors.ts";
import { listAt, textAt } from "../../shared/json/value.ts";

export interface FileObject {
  readonly file: string;
  /** Where its document begins, from 1. */
  readonly line: number;
  readonly object: unknown;
}

export interface FileFault {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface ReadFiles {
  readonly objects: readonly FileObject[];
  readonly faults: readonly FileFault[];
}

const MANIFEST = /\.(ya?ml|json)$/i;

/** @throws UserError NOT_FOUND for a file that can't be read, or where there is no manifest at all */
export async function readFiles(places: readonly string[], stdin: NodeJS.ReadableStream): Promise<ReadFiles> {
  const texts: { readonly file: string; readonly text: string }[] = [];
  for (const place of places) {
    if (place === "-") texts.push({ file: "-", text: await readStream(stdin) });
    else for (const file of await filesOf(place)) texts.push({ file, text: await readFile(file, "utf8") });
  }
  const read = texts.map(({ file, text }) => readDocuments(file, text));
  return { objects: read.flatMap(({ objects }) => objects), faults: read.flatMap(({ faults }) => faults) };
}

async function filesOf(place: string): Promise<readonly string[]> {
  try {
    if (!(await stat(place)).isDirectory()) return [place];
  } catch (cause) {
    throw new UserError("NOT_FOUND", messageOf(cause), { next: "name a file or folder that exists", cause });
  }
  const names = await readdir(place, { recursive: true });
  const files = names.filter((name) => MANIFEST.test(name)).sort();
  if (files.length === 0) {
    throw new UserError("NOT_FOUND", `${place} holds no file that ends in .yaml, .yml or .json`, {
      next: "name another folder",
    });
  }
  return files.map((name) => join(place, name));
}

/** Objects of a text of one or more documents; Lists are their items. */
export function readDocuments(file: string, text: string): ReadFiles {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter });
  const objects: FileObject[] = [];
  const faults: FileFault[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const lineAt = (offset: number) => lineCounter.linePos(offset).line;
    const line = lineAt(document.contents?.range?.[0] ?? document.range?.[0] ?? 0);
    for (const error of document.errors)
      faults.push({ file, line: lineAt(error.pos[0]), message: error.message.split("\n")[0] ?? "" });
    if (document.errors.length > 0) continue;
    const value: unknown = document.toJS();
    const isList = /List$/.test(textAt(value, "kind") ?? "") && textAt(value, "metadata", "name") === undefined;
    if (value === null || value === undefined) continue;
    if (isList) objects.push(...listAt(value, "items").map((object) => ({ file, line, object })));
    else objects.push({ file, line, object: value });
  }
  return { objects, faults };
}

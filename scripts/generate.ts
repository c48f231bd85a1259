/** `npm run generate`: writes every generated file, and removes what is no longer generated. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { CHART_FOLDER, DEFINITIONS_FOLDER, generateFiles } from "./generated-files.ts";

const root = resolve(import.meta.dirname, "..");
const files = generateFiles();

for (const { path, text } of files) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const wanted = new Set(files.map(({ path }) => path));
for (const folder of [DEFINITIONS_FOLDER, CHART_FOLDER]) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const path = relative(root, join(entry.parentPath, entry.name));
    if (entry.isFile() && !wanted.has(path)) rmSync(join(root, path));
  }
}
console.log(`wrote ${files.length} files`);

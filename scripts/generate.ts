/** `npm run generate`: writes every generated file, and removes definitions of kinds that are no more. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DEFINITIONS_FOLDER, generateFiles } from "./generated-files.ts";

const root = resolve(import.meta.dirname, "..");
const files = generateFiles();

for (const { path, text } of files) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const wanted = new Set(files.map(({ path }) => path));
for (const name of readdirSync(join(root, DEFINITIONS_FOLDER))) {
  const path = `${DEFINITIONS_FOLDER}/${name}`;
  if (!wanted.has(path)) rmSync(join(root, path));
}
console.log(`wrote ${files.length} files`);

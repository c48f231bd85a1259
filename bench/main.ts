/**
 * `npm run bench -- NAME [ARGUMENT]...`: runs bench/NAME.ts and writes what it measured to bench/results/NAME.json.
 * Figures are ratios against a bare baseline of the same run wherever that is possible; the machine is noisy.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";

const here = import.meta.dirname;
const names = readdirSync(here)
  .filter((file) => file.endsWith(".ts") && file !== "main.ts" && !file.startsWith("_"))
  .map((file) => file.replace(/\.ts$/, ""));
const name = process.argv[2];
if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run bench -- NAME\nNAME is one of: ${names.join(", ")}`);
  process.exit(2);
}

const loaded: { readonly run?: (args: readonly string[]) => Promise<Readonly<Record<string, number>>> } = await import(
  `./${name}.ts`
);
if (loaded.run === undefined) throw new Error(`bench/${name}.ts exports no run()`);
const figures = await loaded.run(process.argv.slice(3));
const result = {
  ...figures,
  machine: { cpus: cpus().length, cpu: cpus()[0]?.model ?? "unknown", memoryGiB: Math.round(totalmem() / 2 ** 30) },
  node: process.version,
};
mkdirSync(join(here, "results"), { recursive: true });
writeFileSync(join(here, "results", `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result, null, 2));
process.exit(0);

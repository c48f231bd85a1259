/**
 * `npm run docs [-- --out FOLDER] [--base /PATH/]`: makes the site of docs/, with search, for any server of files. Its pages need nothing
 * from elsewhere. A dead link ends it.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "vitepress";
import { messageOf } from "../../shared/errors.ts";
import { findDeadLinks } from "./dead-links.ts";

const root = resolve(import.meta.dirname, "../..");
const USAGE = `usage: npm run docs [-- --out FOLDER] [--base /PATH/]

  --out   where the site is written (default: dist/site)
  --base  path of the site on its server, with a slash at both ends (default: /)
`;

/**
 * @param out emptied first
 * @throws Error that names the links that lead nowhere
 */
export async function buildSite(out: string, base: string): Promise<void> {
  if (!/^\/([^/]+\/)*$/.test(base)) throw new Error(`--base ${base} is no path such as /stash-batch/`);
  // What is made in between looks for packages from where it lies, and belongs to one build alone.
  const caches = join(root, "node_modules/.cache");
  mkdirSync(caches, { recursive: true });
  const between = mkdtempSync(join(caches, "site-"));
  try {
    await build(join(import.meta.dirname, "site"), {
      outDir: out,
      base,
      onAfterConfigResolve(config) {
        config.tempDir = join(between, "temp");
        config.cacheDir = join(between, "cache");
      },
    });
  } finally {
    rmSync(between, { recursive: true, force: true });
  }
  const dead = findDeadLinks(out, base);
  if (dead.length > 0) throw new Error(`these links lead nowhere:\n  ${dead.join("\n  ")}`);
}

if (import.meta.main) {
  try {
    const options = { out: { type: "string" }, base: { type: "string" } } as const;
    const { out = join(root, "dist/site"), base = "/" } = parseArgs({ options }).values;
    await buildSite(resolve(out), base);
    console.log(resolve(out));
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`);
    process.exitCode = 1;
  }
}

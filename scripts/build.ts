/**
 * `npm run build`: bundles the product into dist/. The agent is bundled alone, so that a sidecar loads nothing else;
 * `stash-batch.mjs` is the entry that loads the part which a command needs, `kubectl-stash.cjs` what people type, in one file
 * with the pages of its `ui`.
 */
import { chmodSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { buildPages } from "./build-pages.ts";

const root = resolve(import.meta.dirname, "..");

/** The kubectl plugin: one file for any place and any Node from 20 on. */
export const PLUGIN_FILE = "kubectl-stash.cjs";
const OLDEST_NODE = 20;
/** The name under which kubectl asks the plugin for completions. */
export const COMPLETING_LINK = "kubectl_complete-stash";

/** The parts that the entry loads on demand: the file of the bundle, by the module that it imports. */
const PARTS: Readonly<Record<string, string>> = {
  "../agent/main.ts": "agent.mjs",
  "../webhook/main.ts": "webhook.mjs",
  "../reconciler/main.ts": "reconciler.mjs",
  "./kubectl-stash.ts": PLUGIN_FILE,
};

/** Leaves dynamic imports of the parts to run time, pointing at their bundles. */
const partsAreBundledAlone: Plugin = {
  name: "parts-are-bundled-alone",
  setup(builder) {
    builder.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, kind }) => {
      const part = PARTS[path];
      return part === undefined || kind !== "dynamic-import" ? undefined : { path: `./${part}`, external: true };
    });
  },
};

/** CommonJS packages inside the bundles ask for require. */
const REQUIRE_BANNER =
  "import { createRequire as stashCreateRequire } from 'node:module';const require = stashCreateRequire(import.meta.url);";

function commonOptions(outdir: string): BuildOptions {
  return {
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    outdir,
    outExtension: { ".js": ".mjs" },
    legalComments: "linked",
    logLevel: "warning",
    absWorkingDir: root,
  };
}

/**
 * Builds the agent alone.
 *
 * @param outdir folder for `agent.mjs` and its parts; absolute
 */
export async function buildAgent(outdir: string): Promise<void> {
  await build({
    ...commonOptions(outdir),
    entryPoints: { agent: "agent/main.ts" },
    minify: true,
    // An idle sidecar loads a tenth of the agent: 3 MiB of private memory less than with all in one file.
    splitting: true,
    chunkNames: "agent-parts/[name]-[hash]",
  });
}

/**
 * First lines of the plugin. They are read by every Node there ever was, before anything that an old one lacks is reached.
 * A file of this kind knows by itself whether it was started or loaded.
 */
const PLUGIN_BANNER = `#!/usr/bin/env node
if (parseInt(process.versions.node, 10) < ${OLDEST_NODE}) {
  console.error("kubectl stash needs Node ${OLDEST_NODE} or later, and this is " + process.version + ": " + process.execPath);
  process.exit(1);
}
var stashIsMain = require.main === module;`;

/**
 * Builds the kubectl plugin alone.
 *
 * @param outdir folder for it and its link; absolute
 */
export async function buildPlugin(outdir: string): Promise<void> {
  const outfile = join(outdir, PLUGIN_FILE);
  await build({
    bundle: true,
    platform: "node",
    format: "cjs",
    // What older ones can at least read, so that the first lines can say what is needed.
    target: "node10.4",
    outfile,
    entryPoints: ["cli/kubectl-stash.ts"],
    banner: { js: PLUGIN_BANNER },
    define: { "import.meta.main": "stashIsMain", STASH_UI_PAGES: JSON.stringify(await buildPages()) },
    // The client library's own version of it does not load under Node 20.
    alias: { undici: "undici-for-node-20" },
    minify: true,
    keepNames: true,
    legalComments: "linked",
    logLevel: "warning",
    absWorkingDir: root,
  });
  chmodSync(outfile, 0o755);
  rmSync(join(outdir, COMPLETING_LINK), { force: true });
  symlinkSync(PLUGIN_FILE, join(outdir, COMPLETING_LINK));
}

/**
 * Builds the webhook and the reconciler alone.
 *
 * @param outdir folder for both and their parts; absolute
 */
export async function buildServers(outdir: string): Promise<void> {
  await build({
    ...commonOptions(outdir),
    entryPoints: {
      webhook: "webhook/main.ts",
      "validate-worker": "webhook/validate/worker.ts",
      reconciler: "reconciler/main.ts",
    },
    banner: { js: REQUIRE_BANNER },
    // What is imported on demand stays apart: the client library's models alone are 17 MB of source, which a program
    // in a pod never loads.
    splitting: true,
    chunkNames: "parts/[name]-[hash]",
  });
}

/**
 * Builds all bundles.
 *
 * @param outdir folder that is emptied first; absolute
 */
export async function buildBundles(outdir: string): Promise<void> {
  rmSync(outdir, { recursive: true, force: true });
  const common = commonOptions(outdir);
  await Promise.all([
    buildAgent(outdir),
    buildServers(outdir),
    build({ ...common, entryPoints: { "stash-batch": "cli/main.ts" }, plugins: [partsAreBundledAlone] }),
    buildPlugin(outdir),
  ]);
}

if (import.meta.main) {
  const outdir = join(root, "dist");
  await buildBundles(outdir);
  console.error(`bundles are in ${outdir}`);
}

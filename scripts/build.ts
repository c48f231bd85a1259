/**
 * `npm run build`: bundles the product into dist/. The agent is bundled alone, so that a sidecar loads nothing else;
 * `stash-batch.mjs` is the entry that loads the part which a command needs.
 */
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";

const root = resolve(import.meta.dirname, "..");

/** The parts that the entry loads on demand, by the module that it imports. */
const PARTS: Readonly<Record<string, string>> = {
  "../agent/main.ts": "agent",
  "../webhook/main.ts": "webhook",
  "../reconciler/main.ts": "reconciler",
  "./explain/main.ts": "explain",
  "./doctor/main.ts": "doctor",
  "./uninstall/main.ts": "uninstall",
};

/** Leaves dynamic imports of the parts to run time, pointing at their bundles. */
const partsAreBundledAlone: Plugin = {
  name: "parts-are-bundled-alone",
  setup(builder) {
    builder.onResolve({ filter: /^\.\.?\/.*\/main\.ts$/ }, ({ path, kind }) => {
      const part = PARTS[path];
      return part === undefined || kind !== "dynamic-import" ? undefined : { path: `./${part}.mjs`, external: true };
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
 * Builds all bundles.
 *
 * @param outdir folder that is emptied first; absolute
 */
export async function buildBundles(outdir: string): Promise<void> {
  rmSync(outdir, { recursive: true, force: true });
  const common = commonOptions(outdir);
  await Promise.all([
    buildAgent(outdir),
    build({
      ...common,
      entryPoints: {
        webhook: "webhook/main.ts",
        "validate-worker": "webhook/validate/worker.ts",
        reconciler: "reconciler/main.ts",
        explain: "cli/explain/main.ts",
        doctor: "cli/doctor/main.ts",
        uninstall: "cli/uninstall/main.ts",
      },
      banner: { js: REQUIRE_BANNER },
      // What is imported on demand stays apart: the client library's models alone are 17 MB of source, which a program
      // in a pod never loads.
      splitting: true,
      chunkNames: "parts/[name]-[hash]",
    }),
    build({ ...common, entryPoints: { "stash-batch": "cli/main.ts" }, plugins: [partsAreBundledAlone] }),
  ]);
}

if (import.meta.main) {
  const outdir = join(root, "dist");
  await buildBundles(outdir);
  console.error(`bundles are in ${outdir}`);
}

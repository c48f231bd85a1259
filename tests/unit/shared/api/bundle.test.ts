import { resolve } from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const api = resolve(import.meta.dirname, "../../../../shared/api");

/** Bundles as the agent is bundled, and tells what got in and how many bytes came out. */
async function bundle(code: string): Promise<{ readonly inputs: readonly string[]; readonly sizeBytes: number }> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: code, resolveDir: api, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
  });
  const [output] = Object.values(metafile.outputs);
  const inputs = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return { inputs: inputs.map(([path]) => path), sizeBytes: outputFiles[0]?.contents.byteLength ?? 0 };
}

describe("what an importer of the API pays for", () => {
  test("an agent's parsers bring in no client library and no schema compiler, and stay below 64 KiB", async () => {
    const { inputs, sizeBytes } = await bundle(`
      export { parseBackupSession } from "./backup-session.ts";
      export { parseBackupConfiguration } from "./backup-configuration.ts";
      export { parseBackupBatch } from "./backup-batch.ts";
      export { parseRestoreSession } from "./restore-session.ts";
      export { parseRestoreBatch } from "./restore-batch.ts";
      export { parseRepository } from "./repository.ts";
    `);
    const libraries = inputs.filter((path) => path.includes("node_modules"));
    expect(libraries.length).toBeGreaterThan(0);
    expect(libraries.filter((path) => !/\/typebox\/build\/(type|system|guard)\//.test(path))).toEqual([]);
    expect(sizeBytes).toBeLessThan(64 * 1024);
  });

  test.each(["kinds.ts", "closed-lists.ts"])("%s brings in nothing but itself", async (file) => {
    const { inputs } = await bundle(`export * from "./${file}";`);
    expect(inputs.map((path) => path.split("/").at(-1))).toEqual([file]);
  });
});

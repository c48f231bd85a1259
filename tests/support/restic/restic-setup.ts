/** Provides the restic that a project's files run with: the one that its environment names, the image's by default. */
import { chmod, copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { ensureRestic, RESTIC_SOURCES, type ResticName } from "./restic-programs.ts";

/** Variable of a project's `env`. */
export const RESTIC_VARIABLE = "STASH_BATCH_TEST_RESTIC";

declare module "vitest" {
  interface ProvidedContext {
    readonly resticFolder: string;
  }
}

function isName(text: string): text is ResticName {
  return Object.hasOwn(RESTIC_SOURCES, text);
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const wanted = project.config.env?.[RESTIC_VARIABLE] ?? "image";
  if (!isName(wanted)) throw new Error(`${RESTIC_VARIABLE}=${wanted}: there is no such restic`);
  const { version, path } = await ensureRestic(wanted, (line) => console.error(line));
  console.error(`${project.name}: restic ${version}`);
  // The cache lies in a home folder, and some tests run restic as a user who may not look there.
  const folder = await mkdtemp(join(tmpdir(), "stash-batch-restic-program-"));
  await chmod(folder, 0o755);
  await copyFile(path, join(folder, "restic"));
  project.provide("resticFolder", folder);
  return () => rm(folder, { recursive: true, force: true });
}

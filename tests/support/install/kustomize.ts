/** What kustomize makes of a folder of manifests. kubectl brings its own kustomize. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Manifest, parseManifests } from "../objects/apply.ts";

const MANIFESTS = resolve(import.meta.dirname, "../../../manifests");
const MOST_BYTES = 64 * 2 ** 20;

/** @param programsDir of the control plane: its kubectl comes before the machine's */
export function kustomize(programsDir: string, folder: string): readonly Manifest[] {
  const ours = join(programsDir, "kubectl");
  const output = execFileSync(existsSync(ours) ? ours : "kubectl", ["kustomize", join(MANIFESTS, folder)], {
    encoding: "utf8",
    maxBuffer: MOST_BYTES,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return parseManifests(output);
}

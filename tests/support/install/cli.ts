/** Runs the image's program as an admin does: from the image's bundles, with a kubeconfig. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { BUNDLES_FOLDER } from "../../../scripts/image-root/contents.ts";
import type { InstalledProduct } from "./installed-product.ts";

export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function runCli({ imageRoot, controlPlane }: InstalledProduct, ...args: readonly string[]): Promise<CliRun> {
  const program = join(imageRoot, BUNDLES_FOLDER, "stash-batch.mjs");
  const whole = [program, ...args, `--kubeconfig=${controlPlane.kubeconfigPath}`];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, whole, { encoding: "utf8" }, (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

/** Runs the image's program as an admin does: from the image's bundles, with a kubeconfig. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { BUNDLES_FOLDER } from "../../../scripts/image-root/contents.ts";
import { objectsAt } from "../../../shared/injection/workload.ts";
import { parseJson, textAt } from "../../../shared/json/value.ts";
import type { InstalledProduct } from "./installed-product.ts";

export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function runCli(product: InstalledProduct, ...args: readonly string[]): Promise<CliRun> {
  return runCliAs(product.controlPlane.kubeconfigPath, product, ...args);
}

export function runCliAs(
  kubeconfigPath: string,
  { programFolder }: InstalledProduct,
  ...args: readonly string[]
): Promise<CliRun> {
  const program = join(programFolder, BUNDLES_FOLDER, "stash-batch.mjs");
  const whole = [program, ...args, `--kubeconfig=${kubeconfigPath}`];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, whole, { encoding: "utf8" }, (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

export interface Diagnosis {
  readonly exitCode: number;
  /** `check: message` of each finding that is not well. */
  readonly wrong: readonly string[];
}

/** Runs the doctor. @throws Error when it finds something wrong without saying what to do */
export async function diagnose(product: InstalledProduct): Promise<Diagnosis> {
  const { exitCode, stdout } = await runCli(product, "doctor", "--json");
  const wrong = objectsAt(parseJson(stdout), "findings").filter(({ status }) => status !== "Ok");
  const helpless = wrong.find((finding) => (textAt(finding, "fix") ?? "") === "");
  if (helpless !== undefined) throw new Error(`a finding has no fix: ${JSON.stringify(helpless)}`);
  return { exitCode, wrong: wrong.map((finding) => `${textAt(finding, "check")}: ${textAt(finding, "message")}`) };
}

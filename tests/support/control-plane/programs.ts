/** Where the programs of the control plane are, and which version they have. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureClusterPrograms } from "../../../scripts/prerequisites.ts";

export interface KubernetesVersion {
  readonly major: number;
  readonly minor: number;
}

export interface Programs {
  /** Holds etcd, kube-apiserver, kube-controller-manager and kube-scheduler; kubectl where the way taken has it. */
  readonly dir: string;
  readonly version: KubernetesVersion;
}

/**
 * Finds the programs or makes them (minutes, the first time), and asks their version.
 *
 * @param onProgress gets each line of progress
 * @throws Error with advice when this machine can't provide them
 */
export async function findPrograms(onProgress: (line: string) => void): Promise<Programs> {
  const dir = await ensureClusterPrograms({ onProgress });
  const { stdout } = await promisify(execFile)(join(dir, "kube-apiserver"), ["--version"]);
  const [, major, minor] = /^Kubernetes v(\d+)\.(\d+)\./.exec(stdout) ?? [];
  if (major === undefined || minor === undefined) throw new Error(`${dir}/kube-apiserver has no version: ${stdout}`);
  return { dir, version: { major: Number(major), minor: Number(minor) } };
}

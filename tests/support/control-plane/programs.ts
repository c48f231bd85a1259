/** Where the programs of the control plane are, and which version they have. */
import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

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
 * Runs scripts/control-plane.sh, which finds the programs or makes them (minutes, the first time).
 *
 * @param onProgress gets each line of progress
 * @throws Error with the script's own advice when this machine can't provide them
 */
export async function findPrograms(onProgress: (line: string) => void): Promise<Programs> {
  const dir = await runScript(onProgress);
  const { stdout } = await promisify(execFile)(join(dir, "kube-apiserver"), ["--version"]);
  const [, major, minor] = /^Kubernetes v(\d+)\.(\d+)\./.exec(stdout) ?? [];
  if (major === undefined || minor === undefined) throw new Error(`${dir}/kube-apiserver has no version: ${stdout}`);
  return { dir, version: { major: Number(major), minor: Number(minor) } };
}

function runScript(onProgress: (line: string) => void): Promise<string> {
  const script = join(import.meta.dirname, "..", "..", "..", "scripts", "control-plane.sh");
  const child = spawn(script, { stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  const advice: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => output.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => {
    advice.push(line);
    onProgress(line);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const dir = output.at(-1);
      if (code === 0 && dir !== undefined) resolve(dir);
      else reject(new Error(`there is no control plane on this machine (exit code ${code}):\n${advice.join("\n")}`));
    });
  });
}

/** A real helm, and what it makes of the chart. It is found or built once: scripts/go-program.sh. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Manifest, parseManifests } from "../objects/apply.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
export const CHART = join(ROOT, "manifests/chart");
const MOST_BYTES = 64 * 2 ** 20;
const LONGEST_MS = 10 * 60_000;

const run = promisify(execFile);

export interface HelmOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Helm {
  run(...args: readonly string[]): Promise<HelmOutcome>;
  /** Objects of the chart with these values, without those of tests. @throws Error with helm's words */
  template(...args: readonly string[]): Promise<readonly Manifest[]>;
  /** Removes what helm keeps for itself. */
  stop(): Promise<void>;
}

/** @param kubeconfigPath of the cluster, for what needs one */
export async function openHelm(kubeconfigPath = "/dev/null"): Promise<Helm> {
  const script = join(ROOT, "scripts/go-program.sh");
  const program = execFileSync(script, ["helm"], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
  const home = await mkdtemp(join(tmpdir(), "stash-batch-helm-"));
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    KUBECONFIG: kubeconfigPath,
  };
  const call = async (...args: readonly string[]): Promise<HelmOutcome> => {
    try {
      const { stdout, stderr } = await run(program, [...args], { env, maxBuffer: MOST_BYTES, timeout: LONGEST_MS });
      return { exitCode: 0, stdout, stderr };
    } catch (error) {
      const of = (key: string): unknown => (typeof error === "object" && error !== null ? Reflect.get(error, key) : "");
      return { exitCode: Number(of("code")) || 1, stdout: String(of("stdout")), stderr: String(of("stderr")) };
    }
  };
  return {
    run: call,
    async template(...args) {
      const { exitCode, stdout, stderr } = await call("template", "stash-batch", CHART, "--skip-tests", ...args);
      if (exitCode !== 0) throw new Error(stderr);
      return parseManifests(stdout);
    },
    stop: () => rm(home, { recursive: true, force: true }),
  };
}

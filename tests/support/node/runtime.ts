/** containerd in a sandbox: started, asked whether it is there, and given images. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../../../shared/errors.ts";
import { eventually } from "../eventually.ts";
import { containerdConfig, containerdSocket, type NodeFolders } from "./configuration.ts";
import type { Sandbox } from "./sandbox.ts";

const START_TIMEOUT_MS = 60_000;
/** Where the container runtime interface keeps its images. */
const CRI_NAMESPACE = "k8s.io";
const RUNC_WITHIN_LIMITS = join(import.meta.dirname, "runc-within-limits.sh");

export interface Runtime {
  start(): Promise<void>;
  /** Imports an archive of images. @throws Error with the runtime's words */
  importImages(archive: string): Promise<void>;
}

/** @param programsDir holds containerd and ctr, or PATH does */
export async function createRuntime(sandbox: Sandbox, folders: NodeFolders, programsDir: string): Promise<Runtime> {
  const socket = containerdSocket(folders);
  const configPath = join(folders.dir, "containerd.toml");
  const generation = await readGeneration(join(programsDir, "containerd"));
  await mkdir(folders.containerdRoot, { recursive: true });
  await writeFile(configPath, containerdConfig(folders, generation, RUNC_WITHIN_LIMITS));
  const ctr = (...args: readonly string[]) =>
    sandbox.exec(join(programsDir, "ctr"), ["--address", socket, "--namespace", CRI_NAMESPACE, ...args]);
  return {
    async start() {
      await sandbox.start("containerd", join(programsDir, "containerd"), ["--config", configPath]);
      const faultOf = async () => {
        const end = sandbox.endOf("containerd");
        if (end !== undefined) throw new Error(`containerd ended: ${end}\n${await sandbox.lastWords("containerd")}`);
        return ctr("version").then(() => undefined, messageOf);
      };
      await eventually(faultOf, undefined, START_TIMEOUT_MS);
    },
    async importImages(archive) {
      await ctr("images", "import", archive);
    },
  };
}

async function readGeneration(containerd: string): Promise<1 | 2> {
  const { stdout } = await promisify(execFile)(containerd, ["--version"]);
  return / v?2\./.test(stdout) ? 2 : 1;
}

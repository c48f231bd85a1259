/** The whole product on the shared cluster, for a file of tests. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { makeUserKubeconfig } from "../control-plane/kubeconfig.ts";
import { sharedPlane } from "../shared-plane.ts";
import { type Installation, type InstallationOptions, install } from "./installed-cluster.ts";

/** Starts the product before the tests of the file, and ends it after. */
export function useProduct(options: InstallationOptions = {}): () => Installation {
  let installation: Installation | undefined;
  let kubeconfigs: string | undefined;

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), "stash-batch-kubeconfigs-"));
    kubeconfigs = dir;
    const { serverUrl, kubeconfigPath, nodes, gateway, bundlesFolder } = sharedPlane();
    const kubeconfigFor = async (user: string, groups: readonly string[]) => {
      const path = join(dir, `${user.replaceAll(":", "-")}.yaml`);
      await writeFile(path, await makeUserKubeconfig(serverUrl, user, groups), { mode: 0o600 });
      return path;
    };
    installation = await install({ kubeconfigPath, kubeconfigFor, nodes, gateway, bundlesFolder }, options);
  });

  afterAll(async () => {
    await installation?.stop();
    if (kubeconfigs !== undefined) await rm(kubeconfigs, { recursive: true, force: true });
  });

  return () => {
    if (installation === undefined) throw new Error("the product has not started");
    return installation;
  };
}

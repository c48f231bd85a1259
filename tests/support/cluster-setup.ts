/**
 * Starts the one control plane that the files of the cluster suite share, and stops it when all have run. A test that
 * kills or compacts starts its own.
 */
import type { TestProject } from "vitest/node";
import { startControlPlane } from "./control-plane/control-plane.ts";

/** What a test file needs to know of the shared control plane; it can't hold the running thing itself. */
export interface SharedControlPlane {
  readonly serverUrl: string;
  readonly caPem: string;
  readonly programsDir: string;
  readonly kubeletCa: { readonly certPath: string; readonly keyPath: string };
}

declare module "vitest" {
  interface ProvidedContext {
    /** Path of a kubeconfig of a user in system:masters. */
    readonly kubeconfig: string;
    readonly controlPlane: SharedControlPlane;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const controlPlane = await startControlPlane();
  const { serverUrl, caPem, programsDir, kubeletCa } = controlPlane;
  project.provide("kubeconfig", controlPlane.kubeconfigPath);
  project.provide("controlPlane", { serverUrl, caPem, programsDir, kubeletCa });
  return () => controlPlane.stop();
}

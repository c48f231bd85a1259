/** The control planes that the files of the cluster suite share: one for each worker, so that two files never meet. */
import { inject } from "vitest";

/** What a test file needs to know of its control plane; it can't hold the running thing itself. */
export interface SharedControlPlane {
  /** Path of a kubeconfig of a user in system:masters. */
  readonly kubeconfigPath: string;
  readonly serverUrl: string;
  readonly caPem: string;
  readonly programsDir: string;
  readonly kubeletCa: { readonly certPath: string; readonly keyPath: string };
}

declare module "vitest" {
  interface ProvidedContext {
    readonly controlPlanes: readonly SharedControlPlane[];
  }
}

/** The control plane of the worker that runs this file. */
export function sharedPlane(): SharedControlPlane {
  // Vitest numbers the workers that run at the same time from 1.
  const worker = Number(process.env["VITEST_POOL_ID"]);
  const plane = inject("controlPlanes")[worker - 1];
  if (plane === undefined) throw new Error(`worker ${worker} has no control plane`);
  return plane;
}

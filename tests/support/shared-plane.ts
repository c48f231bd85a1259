/** The clusters that the files of the cluster suite share: one for each worker, so that two files never meet. */
import { inject } from "vitest";
import type { ImageProgram } from "../../scripts/images/product-image.ts";
import type { NodeFacts } from "./node/node.ts";

/** What a test file needs to know of its cluster; it can't hold the running thing itself. */
export interface SharedControlPlane {
  /** Path of a kubeconfig of a user in system:masters. */
  readonly kubeconfigPath: string;
  readonly serverUrl: string;
  readonly caPem: string;
  readonly programsDir: string;
  readonly kubeletCa: { readonly certPath: string; readonly keyPath: string };
  /** This machine's address in the network of nodes and pods. */
  readonly gateway: string;
  readonly nodes: readonly NodeFacts[];
  /** Log of what the user of `AUDITED_USER` asks the API server. */
  readonly auditLogPath: string;
  /** Our own program from the present source; a cluster of a file's own may have it too. */
  readonly program: ImageProgram;
  /** Folder of the product's bundles. */
  readonly bundlesFolder: string;
}

declare module "vitest" {
  interface ProvidedContext {
    readonly clusters: readonly SharedControlPlane[];
  }
}

/** The cluster of the worker that runs this file. */
export function sharedPlane(): SharedControlPlane {
  // Vitest numbers the workers that run at the same time from 1.
  const worker = Number(process.env["VITEST_POOL_ID"]);
  const cluster = inject("clusters")[worker - 1];
  if (cluster === undefined) throw new Error(`worker ${worker} has no cluster`);
  return cluster;
}

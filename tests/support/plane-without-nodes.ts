/** A control plane without nodes: pods of its workloads are what the test says that they are, and no kubelet disagrees. */
import { startControlPlane } from "./control-plane/control-plane.ts";
import { sharedPlane } from "./shared-plane.ts";

export interface PlaneWithoutNodes {
  readonly kubeconfigPath: string;
  /** Folder of the product's bundles, from the present source. */
  readonly bundlesFolder: string;
  stop(): Promise<void>;
}

export async function startPlaneWithoutNodes(): Promise<PlaneWithoutNodes> {
  const { kubeconfigPath, stop } = await startControlPlane();
  return { kubeconfigPath, bundlesFolder: sharedPlane().bundlesFolder, stop };
}

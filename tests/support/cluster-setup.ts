/**
 * Starts the control planes that the files of the cluster suite share, one for each worker, and stops them when all have
 * run. A test that kills or compacts starts its own.
 */
import type { TestProject } from "vitest/node";
import { startControlPlane } from "./control-plane/control-plane.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = await Promise.all(Array.from({ length: project.config.maxWorkers }, () => startControlPlane()));
  project.provide(
    "controlPlanes",
    started.map(({ kubeconfigPath, serverUrl, caPem, programsDir, kubeletCa }) => {
      return { kubeconfigPath, serverUrl, caPem, programsDir, kubeletCa };
    }),
  );
  return async () => {
    await Promise.all(started.map((controlPlane) => controlPlane.stop()));
  };
}

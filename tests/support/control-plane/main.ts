/**
 * A program: runs a control plane until it is interrupted, for trying things out by hand and for tests that kill it.
 * Prints one line of JSON when it is ready: dir, serverUrl, kubeconfig and the folder of the programs (kubectl too).
 *
 * usage: node tests/support/control-plane/main.ts
 */
import { startControlPlane } from "./control-plane.ts";

const controlPlane = await startControlPlane();
const { dir, serverUrl, kubeconfigPath, programsDir } = controlPlane;
console.log(JSON.stringify({ dir, serverUrl, kubeconfigPath, programsDir }));

const FOREVER_MS = 2 ** 31 - 1;
const alive = setInterval(() => undefined, FOREVER_MS);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    clearInterval(alive);
    void controlPlane.stop();
  });
}

/**
 * What the reconciler takes beside tens of thousands of workloads and pods that concern nobody, and fifty invokers of one Repository that
 * are due in the same second.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createKubeClient } from "../shared/kube/client/http.ts";
import { asIs } from "../shared/kube/client/interface.ts";
import { findConnection } from "../shared/kube/connection/find.ts";
import { startControlPlane } from "../tests/support/control-plane/control-plane.ts";
import { findFreePorts } from "../tests/support/control-plane/free-ports.ts";
import { KUBERNETES } from "../tests/support/objects/resources.ts";
import { centralRepositoryFigures } from "./_central-repository.ts";
import { type ManyObjects, makeManyObjects } from "./_many-objects.ts";
import { makePod, mostRssMiB, rssMiB, startReconciler, stop } from "./_processes.ts";

const OTHERS: ManyObjects = { deployments: 50_000, pods: 100_000 };
const NAMESPACE = "bench";
/** All first looks are over. */
const SETTLE_MS = 30_000;

async function measureBesideOthers(others: ManyObjects): Promise<Record<string, number>> {
  const controlPlane = await startControlPlane({ scheduler: false, controllerManager: false });
  const connection = await findConnection({ env: {}, kubeconfigPath: controlPlane.kubeconfigPath });
  const client = createKubeClient({ connection, program: "bench" });
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-bench-"));
  try {
    const startedAt = performance.now();
    await makeManyObjects((entries) => controlPlane.putInEtcd(entries), others);
    const makingSeconds = Math.round((performance.now() - startedAt) / 1_000);
    process.stderr.write(`scale: the others were made in ${makingSeconds} s\n`);
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
    await client.create(KUBERNETES.Namespace, undefined, namespace, asIs);
    const pod = await makePod(client, controlPlane, NAMESPACE, dir);
    const [port = 0] = await findFreePorts(1);
    const reconciler = await startReconciler(pod, port);
    await sleep(SETTLE_MS);
    const [rss, most] = [rssMiB(reconciler.child), mostRssMiB(reconciler.child)];
    await stop(reconciler);
    return {
      ...others,
      makingSeconds,
      readyMs: Math.round(reconciler.readyMs),
      reconcilerRssMiB: Math.round(rss),
      /** While it read all that for the first time. */
      reconcilerMostRssMiB: Math.round(most),
    };
  } finally {
    client.close();
    await controlPlane.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** @param args numbers of Deployments and of pods, for a smaller run */
export async function run(args: readonly string[]): Promise<Record<string, number>> {
  const [deployments = OTHERS.deployments, pods = OTHERS.pods] = args.map(Number);
  return { ...(await measureBesideOthers({ deployments, pods })), ...(await centralRepositoryFigures()) };
}

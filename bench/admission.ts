/**
 * What admission adds for a client that creates Deployments on a real API server: each is created with the webhook
 * registered and without, in turns, first as a dry run and then for real.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { objectsAt } from "../shared/injection/workload.ts";
import { asIs, type KubeClient } from "../shared/kube/client.ts";
import { type ControlPlane, startControlPlane } from "../tests/support/control-plane/control-plane.ts";
import { applyManifests } from "../tests/support/objects/apply.ts";
import { KUBERNETES } from "../tests/support/objects/resources.ts";
import { connectTo, readAuthority } from "../tests/support/webhook/cluster-client.ts";
import { aWorkload, aWorld } from "../tests/support/webhook/objects.ts";
import { registerWebhook, writeServingCertificate } from "../tests/support/webhook/running-webhook.ts";

const TIMES = 300;
/** Every so many the webhook is registered or taken away, and the API server given time to notice. */
const BLOCK = 50;
const NOTICE_MS = 1_500;
const WARM_UP = 30;
const NAMESPACE = "admission-bench";

export async function run(): Promise<Record<string, number>> {
  const controlPlane = await startControlPlane({ scheduler: false, controllerManager: false });
  const folder = mkdtempSync(join(tmpdir(), "stash-batch-bench-"));
  const client = await connectTo(controlPlane.kubeconfigPath);
  let webhook: ChildProcess | undefined;
  try {
    await applyManifests(client, aWorld(NAMESPACE));
    const ca = await readAuthority(controlPlane.kubeletCa);
    await writeServingCertificate(folder, ca);
    const started = await startWebhook(controlPlane, folder);
    webhook = started.child;
    const register = () => registerWebhook(client, started.url, ca.certPem);
    const dryRun = await compare(client, register, { dryRun: true, prefix: "dry" });
    const real = await compare(client, register, { dryRun: false, prefix: "real" });
    return {
      addedP50Ms: real.addedP50Ms,
      addedP99Ms: real.addedP99Ms,
      withoutP50Ms: real.withoutP50Ms,
      withoutP99Ms: real.withoutP99Ms,
      dryRunAddedP50Ms: dryRun.addedP50Ms,
      dryRunAddedP99Ms: dryRun.addedP99Ms,
      dryRunWithoutP50Ms: dryRun.withoutP50Ms,
      dryRunWithoutP99Ms: dryRun.withoutP99Ms,
      times: TIMES,
    };
  } finally {
    webhook?.kill("SIGKILL");
    client.close();
    await controlPlane.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
}

/** The webhook as it is installed: a process of its own. */
async function startWebhook(controlPlane: ControlPlane, tlsDir: string): Promise<Started> {
  const child = fork(join(import.meta.dirname, "_admission-webhook.ts"), [controlPlane.kubeconfigPath, tlsDir]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message: { readonly port: number }) => resolve(message.port));
    child.once("exit", (code) => reject(new Error(`the webhook ended with ${code}`)));
  });
  return { child, url: `https://127.0.0.1:${port}` };
}

interface Comparison {
  readonly addedP50Ms: number;
  readonly addedP99Ms: number;
  readonly withoutP50Ms: number;
  readonly withoutP99Ms: number;
}

async function compare(
  client: KubeClient,
  register: () => Promise<() => Promise<void>>,
  how: { readonly dryRun: boolean; readonly prefix: string },
): Promise<Comparison> {
  const times: Record<"with" | "without", number[]> = { with: [], without: [] };
  for (let block = 0; block < TIMES / BLOCK; block++) {
    for (const state of ["without", "with"] as const) {
      const unregister = state === "with" ? await register() : undefined;
      await sleep(NOTICE_MS);
      for (let index = -WARM_UP; index < BLOCK; index++) {
        const name = `${how.prefix}-${state}-${block}-${index + WARM_UP}`;
        // Joins the batch by label, so that every creation is injected.
        const labels = state === "with" ? { "stash.appscode.com/backup-batch": "nightly" } : { other: "label" };
        const annotations = { "stash.appscode.com/volume-mounts": "data:/data" };
        const workload = aWorkload("Deployment", NAMESPACE, name, { labels, annotations });
        const startedAt = performance.now();
        const stored = await client.create(KUBERNETES.Deployment, NAMESPACE, workload, asIs, { dryRun: how.dryRun });
        const elapsed = performance.now() - startedAt;
        const containers = objectsAt(stored, "spec", "template", "spec", "containers").length;
        if (containers !== (state === "with" ? 2 : 1)) throw new Error(`${name} has ${containers} containers`);
        if (index >= 0) times[state].push(elapsed);
      }
      await unregister?.();
    }
  }
  const [with50, with99] = [percentile(times.with, 0.5), percentile(times.with, 0.99)];
  const [without50, without99] = [percentile(times.without, 0.5), percentile(times.without, 0.99)];
  return {
    addedP50Ms: with50 - without50,
    addedP99Ms: with99 - without99,
    withoutP50Ms: without50,
    withoutP99Ms: without99,
  };
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * part)] ?? 0;
}

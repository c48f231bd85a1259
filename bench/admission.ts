/**
 * What admission adds for a client that creates Deployments on a real API server: each is created without a webhook, with
 * one that answers always the patch that ours once gave, and with ours, in turns; first as a dry run and then for real.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { objectsAt } from "../shared/injection/workload.ts";
import { textAt } from "../shared/json/value.ts";
import { asIs, type KubeClient } from "../shared/kube/client/interface.ts";
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
  const children: ChildProcess[] = [];
  try {
    await applyManifests(client, aWorld(NAMESPACE));
    const ca = await readAuthority(controlPlane.kubeletCa);
    await writeServingCertificate(folder, ca);
    const start = async (file: string): Promise<string> => {
      const { child, url } = await startWebhook(file, controlPlane, folder);
      children.push(child);
      return url;
    };
    const ours = await start("_admission-webhook.ts");
    writeFileSync(join(folder, "patch"), await askForPatch(client, ours));
    const fixed = await start("_fixed-webhook.ts");
    const webhooks = {
      ours: () => registerWebhook(client, ours, ca.certPem),
      fixed: () => registerWebhook(client, fixed, ca.certPem),
    };
    const dryRun = await compare(client, webhooks, { dryRun: true, prefix: "dry" });
    const real = await compare(client, webhooks, { dryRun: false, prefix: "real" });
    return { ...real, ...withPrefix("dryRun", dryRun), times: TIMES };
  } finally {
    for (const child of children) child.kill("SIGKILL");
    client.close();
    await controlPlane.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function withPrefix(prefix: string, figures: Record<string, number>): Record<string, number> {
  const entries = Object.entries(figures);
  return Object.fromEntries(entries.map(([key, value]) => [`${prefix}${key[0]?.toUpperCase()}${key.slice(1)}`, value]));
}

/** Puts a webhook in force; the returned function takes it away. */
type Register = () => Promise<() => Promise<void>>;

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
}

/** A webhook as it is installed: a process of its own. */
async function startWebhook(file: string, controlPlane: ControlPlane, tlsDir: string): Promise<Started> {
  const child = fork(join(import.meta.dirname, file), [controlPlane.kubeconfigPath, tlsDir]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message: { readonly port: number }) => resolve(message.port));
    child.once("exit", (code) => reject(new Error(`the webhook ended with ${code}`)));
  });
  return { child, url: `https://127.0.0.1:${port}` };
}

/** Joins the batch by label, so that every creation is injected. */
function aMember(name: string) {
  const labels = { "stash.appscode.com/backup-batch": "nightly" };
  const annotations = { "stash.appscode.com/volume-mounts": "data:/data" };
  return aWorkload("Deployment", NAMESPACE, name, { labels, annotations });
}

/** What the webhook answers to such a workload as the API server sends it, with places that fit all others. @returns base64 */
async function askForPatch(client: KubeClient, url: string): Promise<string> {
  const object = await client.create(KUBERNETES.Deployment, NAMESPACE, aMember("asked"), asIs, { dryRun: true });
  const kind = { group: "apps", version: "v1", kind: "Deployment" };
  const asked = { uid: "asked", kind, name: "asked", namespace: NAMESPACE, operation: "CREATE", object };
  const call = request(`${url}/mutate`, {
    method: "POST",
    rejectUnauthorized: false,
    headers: { "content-type": "application/json" },
  });
  call.end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: asked }));
  const [reply] = await once(call, "response");
  const answer = await text(reply);
  const patch = textAt(JSON.parse(answer), "response", "patch");
  if (patch === undefined) throw new Error(`the webhook injects nothing: ${answer}`);
  return patch;
}

const STATES = ["without", "fixed", "ours"] as const;
type State = (typeof STATES)[number];

async function compare(
  client: KubeClient,
  webhooks: Readonly<Record<"fixed" | "ours", Register>>,
  how: { readonly dryRun: boolean; readonly prefix: string },
): Promise<Record<string, number>> {
  const times: Record<State, number[]> = { without: [], fixed: [], ours: [] };
  for (let block = 0; block < TIMES / BLOCK; block++) {
    // None of them always has the fuller server.
    for (const state of STATES.map((_, at) => STATES[(at + block) % STATES.length] ?? "without")) {
      const unregister = state === "without" ? undefined : await webhooks[state]();
      await sleep(NOTICE_MS);
      for (let index = -WARM_UP; index < BLOCK; index++) {
        const name = `${how.prefix}-${state}-${block}-${index + WARM_UP}`;
        const workload = aMember(name);
        const startedAt = performance.now();
        const stored = await client.create(KUBERNETES.Deployment, NAMESPACE, workload, asIs, { dryRun: how.dryRun });
        const elapsed = performance.now() - startedAt;
        const containers = objectsAt(stored, "spec", "template", "spec", "containers").length;
        if (containers !== (state === "without" ? 1 : 2)) throw new Error(`${name} has ${containers} containers`);
        if (index >= 0) times[state].push(elapsed);
      }
      await unregister?.();
    }
  }
  const added = (state: State, part: number) => percentile(times[state], part) - percentile(times.without, part);
  return {
    relativeP50: added("ours", 0.5) / added("fixed", 0.5),
    relativeP99: added("ours", 0.99) / added("fixed", 0.99),
    addedP50Ms: added("ours", 0.5),
    addedP99Ms: added("ours", 0.99),
    fixedAddedP50Ms: added("fixed", 0.5),
    fixedAddedP99Ms: added("fixed", 0.99),
    withoutP50Ms: percentile(times.without, 0.5),
    withoutP99Ms: percentile(times.without, 0.99),
  };
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * part)] ?? 0;
}

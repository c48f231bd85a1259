/**
 * The hand-over between members of a sequential batch: from the agent's last word about one member to the moment when the
 * next member's host run is there, as a watch shows both. Real API server and reconciler; pods and agents stand in.
 */
import { type HostRun, parseHostRun } from "../shared/api/host-run.ts";
import { KINDS } from "../shared/api/kinds.ts";
import { createInformer } from "../shared/kube/cache/informer.ts";
import { startControlPlane } from "../tests/support/control-plane/control-plane.ts";
import { applyManifests, parseManifests } from "../tests/support/objects/apply.ts";
import { startSession, untilSession } from "../tests/support/session/batch-without-nodes.ts";
import { startSessionStand } from "../tests/support/session/session-stand.ts";
import { runPods } from "../tests/support/session/stand-in-pods.ts";

const NAMESPACE = "handover";
const MEMBERS = 11;
const SESSIONS = 30;
const END_MS = 60_000;

function deployment(name: string): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name}, stash.appscode.com/injected: "true" } }
    spec: { containers: [{ name: app, image: none }, { name: stash, image: none }] }
`;
}

function batch(names: readonly string[]): string {
  const members = names.map(
    (name) => `
    - target: { alias: ${name}, ref: { apiVersion: apps/v1, kind: Deployment, name: ${name} }, paths: [/data] }`,
  );
  return `
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: chain, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  executionOrder: Sequential
  backupHistoryLimit: 2
  retentionPolicy: { name: keep, keepLast: 1, prune: true }
  members:${members.join("")}
`;
}

/** Milliseconds at which each member's agent was seen to say that it is done, and each member's host run was seen. */
class HandOvers {
  readonly #ended = new Map<string, number>();
  readonly #started = new Map<string, number>();

  look({ spec, status }: HostRun): void {
    if (spec.work !== "Backup") return;
    const now = performance.now();
    const key = `${spec.run.name}/${spec.targetIndex ?? 0}`;
    if (!this.#started.has(key)) this.#started.set(key, now);
    if (status?.phase === "Succeeded" && !this.#ended.has(key)) this.#ended.set(key, now);
  }

  /** From the end of a member to the start of the next, sorted. */
  durations(): readonly number[] {
    const all: number[] = [];
    for (const [key, endedAt] of this.#ended) {
      const slash = key.lastIndexOf("/");
      const next = this.#started.get(`${key.slice(0, slash)}/${Number(key.slice(slash + 1)) + 1}`);
      if (next !== undefined) all.push(next - endedAt);
    }
    return all.sort((a, b) => a - b);
  }
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export async function run(): Promise<Record<string, number>> {
  const controlPlane = await startControlPlane();
  const stand = await startSessionStand({ kubeconfigPath: controlPlane.kubeconfigPath, namespace: NAMESPACE });
  const { client } = stand;
  try {
    const names = Array.from({ length: MEMBERS }, (_, index) => `member-${index}`);
    await applyManifests(client, parseManifests([...names.map(deployment), batch(names)].join("---")));
    for (const name of names) await runPods(client, NAMESPACE, `app=${name}`, 1);
    await stand.startReconciler("--leader-elect=false");
    const handOvers = new HandOvers();
    const informer = createInformer({
      client,
      resource: KINDS.HostRun,
      namespace: NAMESPACE,
      transform: parseHostRun,
      indexes: {},
      onProblem: () => undefined,
    });
    informer.subscribe({ add: (run) => handOvers.look(run), update: (_before, run) => handOvers.look(run) });
    informer.start();
    for (let at = 0; at < SESSIONS; at += 1) {
      await startSession(client, NAMESPACE, `chain-${at}`, 0, "chain");
      const { status } = await untilSession(client, NAMESPACE, `chain-${at}`, END_MS);
      if (status?.phase !== "Succeeded") throw new Error(`session ${at} is ${status?.phase}`);
    }
    await informer.stop();
    const durations = handOvers.durations();
    return {
      handovers: durations.length,
      handoverP50Ms: round(percentile(durations, 0.5)),
      handoverP99Ms: round(percentile(durations, 0.99)),
      handoverMaxMs: round(durations.at(-1) ?? Number.NaN),
    };
  } finally {
    await stand.stop();
    await controlPlane.stop();
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/**
 * From an earlier version to the present one, as docs/upgrade.md says, while a session runs and a restore waits: nothing is lost,
 * and what the earlier version wrote and started goes on.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test as testOf } from "vitest";
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import { Install, Label } from "../../shared/contract.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { eventually } from "../support/eventually.ts";
import { describeTree } from "../support/files/tree.ts";
import { diagnose } from "../support/install/cli.ts";
import { INSTALLED_IMAGE, type InstalledProduct, startEmptyCluster } from "../support/install/installed-product.ts";
import { findLeader } from "../support/install/leader.ts";
import {
  buildVersionBefore,
  IMAGE_BEFORE,
  type VersionBefore,
  whyNoVersionBefore,
} from "../support/install/version-before.ts";
import { signalIn } from "../support/node/containers.ts";
import { type Manifest, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer, waitForPods, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES, resourceOf } from "../support/objects/resources.ts";
import { batchManifest, partManifest, restoreManifest, restoreMember } from "../support/restore/application.ts";
import { emptyFolder, openRestoreStand, type RestoreStand } from "../support/restore/restore-stand.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);
const OWN = Install.Namespace;
const NAMESPACE = "shop";
const TIMEOUT_MS = 90_000;
const START_MS = 300_000;
const PROGRAMS = "app.kubernetes.io/name=stash-batch";
/** Some seconds of work, in which restic can be found and stopped. */
const SLOW = ["--limit-upload=400"];
const BIG_BYTES = 2_400_000;

const DB = { kind: "Deployment", name: "db" } as const;
const WEB = { kind: "Deployment", name: "web" } as const;
const SLOW_PART = { kind: "Deployment", name: "slow" } as const;
const TICK = { kind: "Deployment", name: "tick" } as const;

/** Copies without the whole history have no version before; then nothing can be said of upgrades. */
const missing = whyNoVersionBefore();
if (missing !== undefined) console.error(`upgrades are not tried: ${missing}`);
const test = testOf.skipIf(missing !== undefined);

let home: string;
let before: VersionBefore;
let cluster: InstalledProduct;
let stand: RestoreStand;
let data: Readonly<Record<"db" | "web" | "slow" | "tick", string>>;
let saved: { readonly db: unknown; readonly web: unknown };

beforeAll(async () => {
  if (missing !== undefined) return;
  home = await mkdtemp(join(tmpdir(), "stash-batch-upgrade-"));
  before = await buildVersionBefore(join(home, "before"));
  cluster = await startEmptyCluster({
    nodes: ["upgrade-node"],
    images: { "app:1": {}, [IMAGE_BEFORE]: before.image },
    program: sharedPlane().program,
  });
  await kubectl("apply", "--server-side", "-f", before.installFile);
  await waitForReadyPods(cluster.client, OWN, PROGRAMS, 4, TIMEOUT_MS);
  await untilTrusted();
}, START_MS);

afterAll(async () => {
  await cluster?.stop();
  if (home !== undefined) await rm(home, { recursive: true, force: true });
}, START_MS);

async function kubectl(...args: readonly string[]): Promise<string> {
  const { programsDir, kubeconfigPath } = cluster.controlPlane;
  const program = join(programsDir, "kubectl");
  return (await run(program, [`--kubeconfig=${kubeconfigPath}`, ...args], { cwd: root, maxBuffer: 2 ** 26 })).stdout;
}

async function untilTrusted(): Promise<void> {
  const read = () => cluster.client.get(KUBERNETES.ValidatingWebhookConfiguration, undefined, OWN, asIs);
  await eventually(read, (found) => JSON.stringify(found).includes("caBundle"), TIMEOUT_MS);
}

const sessionNamed = (name: string) => cluster.client.get(KINDS.BackupSession, NAMESPACE, name, parseBackupSession);

/** A batch of one workload. */
function batchNamed(name: string, part: typeof SLOW_PART | typeof TICK, args: readonly string[], schedule: string) {
  const batch = batchManifest(NAMESPACE, [part], { schedule });
  const members = objectsAt(batch, "spec", "members").map((member) => ({
    target: { ...Object(member["target"]), args },
  }));
  return { ...batch, metadata: { name, namespace: NAMESPACE }, spec: { ...Object(batch["spec"]), members } };
}

async function trigger(invoker: string, name: string): Promise<void> {
  const { apiVersion } = KINDS.BackupSession;
  const spec = { invoker: { apiGroup: "stash.appscode.com", kind: "BackupBatch", name: invoker } };
  const body = { apiVersion, kind: "BackupSession", metadata: { name, namespace: NAMESPACE }, spec };
  await cluster.client.create(KINDS.BackupSession, NAMESPACE, body, asIs);
}

async function imagesOf(pod: string): Promise<readonly string[]> {
  const object = await cluster.client.get(KUBERNETES.Pod, NAMESPACE, pod, asIs);
  return ["initContainers", "containers"]
    .flatMap((at) => objectsAt(object, "spec", at))
    .flatMap(({ image }) => String(image));
}

async function signalRestic(signal: NodeJS.Signals): Promise<number> {
  const [pod] = await waitForReadyPods(cluster.client, NAMESPACE, "app=slow", 1, TIMEOUT_MS);
  const program = { namespace: NAMESPACE, pod: pod?.name ?? "", container: "stash", program: "restic" };
  return signalIn(cluster.client, cluster.nodes, program, signal);
}

/** Asks for the sidecar of a labelled workload, again and again, until it is told to end. */
function admitAllTheTime() {
  const failures: string[] = [];
  let admitted = 0;
  let isRunning = true;
  const labels = { app: "probe", [Label.BackupBatch]: "nightly" };
  const workload = partManifest({ ...WEB, name: "probe", namespace: NAMESPACE, marks: stand.marks, data: stand.marks });
  const body = { ...workload, metadata: { ...workload.metadata, labels } };
  const loop = (async () => {
    while (isRunning) {
      const options = { dryRun: true, maxRetries: 0 };
      const admission = cluster.client.create(KUBERNETES.Deployment, NAMESPACE, body, asIs, options);
      await admission.then(
        (answer) => {
          const names = objectsAt(answer, "spec", "template", "spec", "containers").map(({ name }) => name);
          if (!names.includes("stash")) failures.push(`admitted as ${JSON.stringify(names)}`);
          admitted++;
        },
        (error: unknown) => failures.push(String(error)),
      );
      await sleep(50);
    }
  })();
  return {
    async end() {
      isRunning = false;
      await loop;
      return { failures, admitted };
    },
  };
}

test("with the version before, applications are backed up, one session is at work and one restore waits", async () => {
  const { client } = cluster;
  stand = await openRestoreStand(cluster, NAMESPACE);
  const { makeFolder, marks } = stand;
  data = {
    db: await makeFolder("db"),
    web: await makeFolder("web"),
    slow: await makeFolder("slow"),
    tick: await makeFolder("tick"),
  };
  await writeFile(join(data.db, "rows"), randomBytes(50_000));
  await writeFile(join(data.web, "pages"), randomBytes(50_000));
  await writeFile(join(data.slow, "big"), randomBytes(BIG_BYTES));
  await writeFile(join(data.tick, "clock"), "tick");
  saved = { db: await describeTree(data.db), web: await describeTree(data.web) };
  await stand.apply(
    batchManifest(NAMESPACE, [DB, WEB], { executionOrder: "Sequential" }),
    batchNamed("slow", SLOW_PART, SLOW, "0 3 1 1 *"),
    batchNamed("tick", TICK, [], "* * * * *"),
    ...[DB, WEB, SLOW_PART, TICK].map((part) =>
      partManifest({ ...part, namespace: NAMESPACE, marks, data: data[part.name] }),
    ),
  );
  for (const { name } of [DB, WEB, SLOW_PART, TICK]) {
    await waitForContainer(client, NAMESPACE, `app=${name}`, "stash", 1, TIMEOUT_MS);
  }
  await stand.backUp("nightly-1");

  // Both are lost, and only the one whose turn comes second is started again: its pod waits.
  await stand.deleteWorkloads(DB, WEB);
  await emptyFolder(data.db);
  await emptyFolder(data.web);
  await stand.apply(
    restoreManifest(NAMESPACE, "back", [restoreMember(DB), restoreMember(WEB)], { executionOrder: "Sequential" }),
  );
  await stand.apply(partManifest({ ...WEB, namespace: NAMESPACE, marks, data: data.web }));
  const at = { namespace: NAMESPACE, selector: "app=web", timeoutMs: TIMEOUT_MS };
  await waitForPods(client, at, ([pod]) => pod?.runs.includes("stash-init") ?? false);

  await trigger("slow", "slow-1");
  await eventually(
    () => signalRestic("SIGSTOP"),
    (count) => count > 0,
    TIMEOUT_MS,
  );
  const [pod] = await waitForReadyPods(client, NAMESPACE, "app=slow", 1, TIMEOUT_MS);
  expect(await imagesOf(pod?.name ?? "")).toContain(IMAGE_BEFORE);
});

test("the upgrade is one command, and admission is never without an answer meanwhile", async () => {
  const { client } = cluster;
  const page = await readFile(join(root, "docs/upgrade.md"), "utf8");
  const command = /`kubectl (apply --server-side -f manifests\/install\.yaml)`/.exec(page)?.[1];
  if (command === undefined) throw new Error("docs/upgrade.md names no command");
  const leaderBefore = await findLeader(client);
  const probe = admitAllTheTime();
  await kubectl(...command.split(" "));
  await kubectl("-n", OWN, "rollout", "status", "deployment/stash-batch-webhook", "--timeout=90s");
  await kubectl("-n", OWN, "rollout", "status", "deployment/stash-batch-reconciler", "--timeout=90s");
  await waitForReadyPods(client, OWN, PROGRAMS, 4, TIMEOUT_MS);
  const { failures, admitted } = await probe.end();
  expect(failures).toEqual([]);
  expect(admitted).toBeGreaterThan(20);
  const { items } = await client.list(KUBERNETES.Pod, OWN, (one) => objectsAt(one, "spec", "containers")[0]?.["image"]);
  expect(items).toEqual(items.map(() => INSTALLED_IMAGE));
  const leads = ({ pod, holder }: { readonly pod: string; readonly holder: string }) =>
    pod !== "" && holder !== leaderBefore.holder;
  await eventually(() => findLeader(client), leads, TIMEOUT_MS);
});

test("the session that ran meanwhile still ran, goes on with the sidecar of before, and ends with its snapshot", async () => {
  const { status: meanwhile } = await sessionNamed("slow-1");
  expect(meanwhile).toMatchObject({ phase: "Running" });
  expect(await signalRestic("SIGCONT")).toBeGreaterThan(0);
  const { status } = await eventually(
    () => sessionNamed("slow-1"),
    (session) => isFinalSessionPhase(session.status?.phase),
    TIMEOUT_MS,
  );
  expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
  expect(status?.targets?.[0]?.stats?.[0]).not.toMatchObject({ attempt: 2 });
  const found: unknown = JSON.parse(stand.restic("snapshots", "--json", "--tag", `session=${NAMESPACE}/slow-1`));
  expect(found).toHaveLength(1);
  const [pod] = await waitForReadyPods(cluster.client, NAMESPACE, "app=slow", 1, TIMEOUT_MS);
  expect(await imagesOf(pod?.name ?? "")).toContain(IMAGE_BEFORE);
});

test("the restore that waited goes on: one pod has the init-container of before, the other that of now", async () => {
  const { client } = cluster;
  const [waiting] = await waitForPods(
    client,
    { namespace: NAMESPACE, selector: "app=web", timeoutMs: TIMEOUT_MS },
    ([pod]) => pod?.runs.includes("stash-init") ?? false,
  );
  expect(await imagesOf(waiting?.name ?? "")).toContain(IMAGE_BEFORE);
  expect(await readdir(data.web)).toEqual([]);
  await stand.apply(partManifest({ ...DB, namespace: NAMESPACE, marks: stand.marks, data: data.db }));
  const { status } = await stand.waitForEnd("back", TIMEOUT_MS);
  expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
  const [db] = await waitForReadyPods(client, NAMESPACE, "app=db", 1, TIMEOUT_MS);
  const [web] = await waitForReadyPods(client, NAMESPACE, "app=web", 1, TIMEOUT_MS);
  expect(await imagesOf(db?.name ?? "")).toContain(INSTALLED_IMAGE);
  expect(web?.uid).toBe(waiting?.uid);
  expect({ db: await describeTree(data.db), web: await describeTree(data.web) }).toEqual(saved);
});

test("what the version before wrote stays as it was, is read, and is accepted again", async () => {
  const { client } = cluster;
  const { status } = await sessionNamed("nightly-1");
  expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
  let count = 0;
  for (const kind of Object.values(KINDS)) {
    if (kind.kind === "Snapshot") continue;
    for (const stored of (await client.list(kind, undefined, asIs)).items) {
      const namespace = textAt(stored, "metadata", "namespace");
      await client.update(kind, namespace, stored, asIs, { dryRun: true });
      count++;
    }
  }
  expect(count).toBeGreaterThan(15);
  const examples = join(before.folder, "manifests/examples");
  const files = (await readdir(examples)).filter((name) => name.endsWith(".yaml"));
  const texts = await Promise.all(files.map((name) => readFile(join(examples, name), "utf8")));
  const ours = texts.flatMap((text): readonly Manifest[] => parseManifests(text)).filter(({ kind }) => kind in KINDS);
  expect(ours.length).toBeGreaterThan(4);
  for (const body of ours) {
    const namespaced = { ...body, metadata: { ...body.metadata, namespace: NAMESPACE } };
    await client.patch(
      resourceOf(body.kind),
      NAMESPACE,
      body.metadata.name,
      { kind: "apply", body: namespaced, force: true },
      asIs,
      {
        dryRun: true,
      },
    );
  }
});

test("the next session is a recovery point of the same repository, and the doctor finds nothing wrong", async () => {
  await stand.backUp("nightly-2");
  const read = () => cluster.client.get(KINDS.Repository, NAMESPACE, "store", parseRepository);
  const { status } = await eventually(read, (found) => (found.status?.snapshotCount ?? 0) >= 5, TIMEOUT_MS);
  expect(status).toMatchObject({ integrity: true });
  const { exitCode, wrong } = await diagnose(cluster);
  expect(wrong).toEqual([]);
  expect(exitCode).toBe(0);
});

test("definitions of the version before that were left in place are told, and a session over them still ends truthfully", async () => {
  await kubectl("apply", "--server-side", "-k", join(before.folder, "manifests/crds"));
  const { wrong } = await diagnose(cluster);
  const told = wrong.filter((finding) => finding.startsWith("definitions: "));
  expect(told.join("\n")).toMatch(
    /repositories\.stash\.appscode\.com is of an older version: it drops spec\.maintenance/,
  );
  const { status } = await stand.backUp("nightly-3");
  expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
});

test("another owner of a webhook configuration is told, kept by a plain apply, and gives way to a forced one", async () => {
  const { client } = cluster;
  const configuration = await client.get(KUBERNETES.MutatingWebhookConfiguration, undefined, OWN, asIs);
  const webhooks = objectsAt(configuration, "webhooks").map((webhook) => ({
    ...webhook,
    clientConfig: { service: { namespace: "other", name: Install.WebhookService, path: "/mutate" } },
    failurePolicy: "Ignore",
  }));
  const { apiVersion, kind } = Object(configuration);
  const body = { apiVersion, kind, metadata: { name: OWN }, webhooks };
  const taken = { kind: "apply", body, force: true } as const;
  await client.patch(KUBERNETES.MutatingWebhookConfiguration, undefined, OWN, taken, asIs, {
    fieldManager: "other-tool",
  });
  const { wrong } = await diagnose(cluster);
  expect(wrong.join("\n")).toContain("calls other/stash-batch-webhook, not stash-batch/stash-batch-webhook");

  const install = ["apply", "--server-side", "-f", "manifests/install.yaml"];
  await expect(kubectl(...install)).rejects.toThrow(/conflicts? with "other-tool"/);
  await kubectl(...install, "--force-conflicts");
  const isWell = ({ wrong: left }: { readonly wrong: readonly string[] }) => left.length === 0;
  await eventually(() => diagnose(cluster), isWell, TIMEOUT_MS);
});

test("the schedule went on: each minute since the first has its one session", async () => {
  const due = async () => {
    const { items } = await cluster.client.list(KINDS.BackupSession, NAMESPACE, parseBackupSession);
    const ours = items.filter(({ metadata }) => /^tick-\d+$/.test(metadata.name));
    return ours.map(({ metadata, status }) => ({ at: Number(metadata.name.slice(5)), phase: status?.phase }));
  };
  const all = await eventually(
    due,
    (found) => found.length >= 2 && found.every(({ phase }) => isFinalSessionPhase(phase)),
  );
  const times = all.map(({ at }) => at).sort((a, b) => a - b);
  expect(times).toEqual(times.map((_, index) => (times[0] ?? 0) + index * 60));
  expect(all.map(({ phase }) => phase)).toEqual(all.map(() => "Succeeded"));
});

/** From upstream Stash to this product in place, as docs/migration.md says: its objects stay, its sidecar is taken over. */
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { systemClock } from "../../shared/clock.ts";
import { objectsAt, textMapAt } from "../../shared/injection/workload.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { createDiscovery } from "../../shared/kube/client/discovery.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { removeFolder } from "../support/control-plane/remove-folder.ts";
import { eventually } from "../support/eventually.ts";
import {
  GOOD_STATUS,
  OPEN_STATUS,
  UNPUSHED_STATUS,
  upstreamCronJob,
  upstreamObjects,
  upstreamSession,
  upstreamWorkload,
} from "../support/install/upstream-world.ts";
import { openTestClient } from "../support/kube/test-client.ts";
import { applyManifests } from "../support/objects/apply.ts";
import { waitForContainer, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { PRODUCT_IMAGE } from "../support/product/running-product.ts";
import { bareRestic } from "../support/restic/bare-restic.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "from-upstream";
const TIMEOUT_MS = 90_000;
const OPEN = "web-backup-1700000200";
const ENDED = { "web-backup-1700000000": GOOD_STATUS, "web-backup-1700000100": UNPUSHED_STATUS };
const SESSIONS = { ...ENDED, [OPEN]: OPEN_STATUS };
/** Newest first. */
const CRON_JOBS = ["v1", "v1beta1"].map((version) => ({
  group: "batch",
  version,
  plural: "cronjobs",
  namespaced: true,
}));

async function cronJobsOf(client: KubeClient): Promise<Resource> {
  const served = await createDiscovery(client, systemClock).firstServed(CRON_JOBS);
  if (served === undefined) throw new Error("no version of CronJob is served");
  return served;
}

let dir: string;
let data: string;
let repository: string;

const restic = (...args: readonly string[]) => bareRestic(repository, "test").run(...args);

function readSnapshots(): readonly unknown[] {
  const snapshots: unknown = JSON.parse(restic("snapshots", "--json"));
  return Array.isArray(snapshots) ? snapshots : [];
}

const snapshotIds = () => readSnapshots().map((snapshot) => textAt(snapshot, "id") ?? "");

/** A snapshot as upstream's sidecar made it: host `host-0`, the container's path, no tags. */
function backUpAsUpstream(): void {
  const script = `mount -t tmpfs tmpfs /mnt && mkdir /mnt/data && mount --bind "$1" /mnt/data &&
    restic --no-cache backup --host host-0 /mnt/data`;
  const env = { ...process.env, RESTIC_PASSWORD: "test", RESTIC_REPOSITORY: repository };
  execFileSync("unshare", ["--mount", "sh", "-c", script, "backup", data], { env, stdio: "pipe" });
}

/** What there is before the product comes. */
async function leaveAsUpstream(client: KubeClient): Promise<void> {
  const folders = { data, repository };
  await applyManifests(client, upstreamObjects(NAMESPACE, folders));
  const configuration = await client.get(KINDS.BackupConfiguration, NAMESPACE, "web-backup", asIs);
  await applyManifests(client, [upstreamWorkload(NAMESPACE, folders)]);
  const resource = await cronJobsOf(client);
  const cronJob = upstreamCronJob(NAMESPACE, textAt(configuration, "metadata", "uid") ?? "", resource.version);
  await client.create(resource, NAMESPACE, cronJob, asIs);
  for (const [name, status] of Object.entries(SESSIONS)) {
    await applyManifests(client, [upstreamSession(NAMESPACE, name)]);
    await client.patchStatus(KINDS.BackupSession, NAMESPACE, name, { kind: "merge", body: { status } }, asIs);
  }
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-migration-"));
  data = join(dir, "data");
  repository = join(dir, "repository");
  for (const folder of [data, repository]) {
    await mkdir(folder);
    await chmod(folder, 0o777);
  }
  await writeFile(join(data, "old"), "written before the migration");
  restic("init");
  backUpAsUpstream();
  execFileSync("chmod", ["-R", "a+rwX", repository]);
  const { client } = await openTestClient(sharedPlane().kubeconfigPath);
  await leaveAsUpstream(client);
  client.close();
});

afterAll(() => removeFolder(dir));

const cluster = useProduct();

test("the sidecar of upstream is taken over in place: one container, one rollout, the application untouched", async () => {
  const { client } = cluster();
  const isOurs = async () => {
    const workload = await client.get(KUBERNETES.Deployment, NAMESPACE, "web", asIs);
    return objectsAt(workload, "spec", "template", "spec", "containers").map((container) => textAt(container, "image"));
  };
  await eventually(isOurs, (images) => images.includes(PRODUCT_IMAGE), TIMEOUT_MS);
  expect(await isOurs()).toEqual(["app:1", PRODUCT_IMAGE]);
  await waitForContainer(client, NAMESPACE, "app=web", "stash", 1, TIMEOUT_MS);
  await waitForReadyPods(client, NAMESPACE, "app=web", 1, TIMEOUT_MS);
  const workload = await client.get(KUBERNETES.Deployment, NAMESPACE, "web", asIs);
  const annotations = Object.keys(textMapAt(workload, "metadata", "annotations"));
  expect(annotations.filter((key) => key.includes("last-applied-backup-invoker"))).toEqual([]);
  const { items } = await client.list(KUBERNETES.ReplicaSet, NAMESPACE, asIs);
  expect(items).toHaveLength(2);
});

test("the CronJob that would trigger once more is gone, and the configuration is ready", async () => {
  const { client } = cluster();
  const resource = await cronJobsOf(client);
  const cronJob = () => client.find(resource, NAMESPACE, "stash-trigger-web-backup", asIs);
  await eventually(cronJob, undefined, TIMEOUT_MS);
  const phase = async () =>
    textAt(await client.get(KINDS.BackupConfiguration, NAMESPACE, "web-backup", asIs), "status", "phase");
  await eventually(phase, "Ready", TIMEOUT_MS);
});

async function untilEnded(name: string): Promise<BackupSession> {
  const read = () => cluster().client.get(KINDS.BackupSession, NAMESPACE, name, parseBackupSession);
  return eventually(read, ({ status }) => isFinalSessionPhase(status?.phase), TIMEOUT_MS);
}

test("a session that was under way when upstream's operator went comes to an end, and holds up no other", async () => {
  const { status } = await untilEnded(OPEN);
  expect(["Succeeded", "Failed"]).toContain(status?.phase);
});

test("the next backup goes into the same repository, beside the snapshots of upstream", async () => {
  const { client } = cluster();
  const before = new Set(snapshotIds());
  await client.create(KINDS.BackupSession, NAMESPACE, upstreamSession(NAMESPACE, "web-backup-now"), asIs);
  const { status } = await untilEnded("web-backup-now");
  expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
  const added = status?.targets?.[0]?.stats?.[0]?.snapshots?.map(({ name }) => name) ?? [];
  expect(added).toHaveLength(1);
  expect(snapshotIds().filter((id) => before.has(id))).toEqual([...before]);
  const hosts = readSnapshots().map((snapshot) => `${textAt(snapshot, "hostname")} ${listAt(snapshot, "paths")}`);
  expect(new Set(hosts)).toEqual(new Set(["host-0 /mnt/data"]));
});

test("sessions that upstream ended stay as they ended, and its finalizers hold nothing", async () => {
  const { client } = cluster();
  for (const [name, status] of Object.entries(ENDED)) {
    const found = await client.get(KINDS.BackupSession, NAMESPACE, name, parseBackupSession);
    // What tools of today read comes beside what upstream wrote.
    expect(found.status, name).toMatchObject({ ...status, conditions: expect.arrayContaining([...status.conditions]) });
  }
  const held = [
    [KINDS.BackupConfiguration, "web-backup"],
    [KINDS.Repository, "store"],
  ] as const;
  for (const [resource, name] of held) {
    await client.delete(resource, NAMESPACE, name);
    const find = () => client.find(resource, NAMESPACE, name, asIs);
    await eventually(find, undefined, TIMEOUT_MS);
  }
});

import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createCronJobTrigger,
  createInProcessTrigger,
  type TriggerPorts,
} from "../../reconciler/schedule/ensure-trigger.ts";
import { parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { systemClock } from "../../shared/clock.ts";
import { listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { createDiscovery } from "../../shared/kube/client/discovery.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { createLogger } from "../../shared/log.ts";
import { applyManifests } from "../support/objects/apply.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "cron-job-test";
const signal = new AbortController().signal;
let client: KubeClient;
let ports: TriggerPorts;
let cronJobs: Resource;

beforeAll(async () => {
  client = createKubeClient({
    connection: await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath }),
    program: "tests",
  });
  const discovery = createDiscovery(client, systemClock);
  const candidates = ["v1", "v1beta1"].map((version) => ({
    group: "batch",
    version,
    plural: "cronjobs",
    namespaced: true,
  }));
  const served = await discovery.firstServed(candidates);
  if (served === undefined) throw new Error("no CronJobs");
  cronJobs = served;
  ports = {
    client,
    discovery,
    settings: { image: "registry.test/stash-batch:1.0.0" },
    log: createLogger("test", "error"),
  };
  await applyManifests(client, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
});

afterAll(async () => {
  await client.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
  client.close();
});

async function aBatch(name: string, spec: object) {
  const { apiVersion, kind } = KINDS.BackupBatch;
  const body = {
    apiVersion,
    kind,
    metadata: { name, namespace: NAMESPACE },
    spec: { retentionPolicy: { name: "keep", prune: true }, members: [], ...spec },
  };
  await applyManifests(client, [body]);
  return client.get(KINDS.BackupBatch, NAMESPACE, name, parseBackupBatch);
}

test.each([
  ["five fields", { schedule: "30 2 * * *" }],
  ["a nickname", { schedule: "@daily" }],
  ["a distance", { schedule: "@every 6h" }],
])("the API server takes the CronJob of %s", async (_what, spec) => {
  const batch = await aBatch(`batch-${spec.schedule.length}`, spec);
  const fact = await createCronJobTrigger(ports).ensure(batch, signal);
  expect(fact).toEqual({ kind: "CronJob", name: `stash-trigger-${batch.metadata.name}` });
  const cronJob = await client.get(cronJobs, NAMESPACE, `stash-trigger-${batch.metadata.name}`, asIs);
  expect(textAt(cronJob, "spec", "schedule")).toContain(spec.schedule);
  expect(textAt(listAt(cronJob, "metadata", "ownerReferences")[0], "uid")).toBe(batch.metadata.uid);
});

test("a time zone is given to the CronJob where the server has zones, and refused where it has none", async () => {
  const batch = await aBatch("zoned", { schedule: "30 2 * * *", timeZone: "Europe/Berlin" });
  const { minor } = await ports.discovery.serverVersion();
  const fact = await createCronJobTrigger(ports).ensure(batch, signal);
  if (minor < 22) {
    expect(fact).toMatchObject({ kind: "Invalid", message: expect.stringContaining("Europe/Berlin") });
    return;
  }
  const cronJob = await client.get(cronJobs, NAMESPACE, "stash-trigger-zoned", asIs);
  expect(JSON.stringify(valueAt(cronJob, "spec"))).toContain("Europe/Berlin");
});

test("an edit of labels, schedule and pause reaches the CronJob, and a restart applies nothing else (L94)", async () => {
  const trigger = createCronJobTrigger(ports);
  await trigger.ensure(await aBatch("edited", { schedule: "0 3 * * *" }), signal);
  const batch = await aBatch("edited", { schedule: "0 4 * * *", paused: true });
  await trigger.ensure(batch, signal);
  const read = () => client.get(cronJobs, NAMESPACE, "stash-trigger-edited", asIs);
  const edited = await read();
  expect(textAt(edited, "spec", "schedule")).toContain("0 4 * * *");
  expect(valueAt(edited, "spec", "suspend")).toBe(true);
  await createCronJobTrigger(ports).ensure(batch, signal);
  expect(textAt(await read(), "metadata", "resourceVersion")).toBe(textAt(edited, "metadata", "resourceVersion"));
});

test("what the API server refuses is told in its words", async () => {
  const batch = await aBatch("refused", {
    schedule: "0 3 * * *",
    runtimeSettings: { pod: { nodeSelector: { "not a key": "x" } } },
  });
  const fact = await createCronJobTrigger(ports).ensure(batch, signal);
  expect(fact).toMatchObject({ kind: "CronJobFailed", message: expect.stringContaining("not a key") });
});

test("going back to in-process scheduling removes them", async () => {
  await createCronJobTrigger(ports).ensure(await aBatch("back", { schedule: "0 3 * * *" }), signal);
  await createInProcessTrigger(ports, NAMESPACE).prepare();
  const { items } = await client.list(cronJobs, NAMESPACE, asIs);
  expect(items).toEqual([]);
});

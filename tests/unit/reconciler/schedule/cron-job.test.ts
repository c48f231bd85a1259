import { describe, expect, test } from "vitest";
import {
  buildCronJob,
  buildTriggerAccount,
  buildTriggerBinding,
  buildTriggerRole,
  type CronJobOrder,
  cronJobNames,
  type ZoneSupport,
} from "../../../../reconciler/schedule/cron-job.ts";
import { createCronJobTrigger, createInProcessTrigger } from "../../../../reconciler/schedule/ensure-trigger.ts";
import { type BackupConfiguration, parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import { readLimitRange } from "../../../../shared/injection/limit-range.ts";
import { textAt } from "../../../../shared/json/value.ts";
import type { Discovery } from "../../../../shared/kube/client/discovery.ts";
import { createLogger } from "../../../../shared/log.ts";
import { parseSchedule } from "../../../../shared/schedule/parse.ts";
import { FakeApi } from "../fake-api.ts";
import { aBatch } from "./fake-cluster.ts";

const signal = new AbortController().signal;
const settings = { image: "registry.test/stash-batch:1" };
const log = createLogger("test", "error");

function aConfiguration(name: string, spec: object = {}): BackupConfiguration {
  return parseBackupConfiguration({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { name, namespace: "demo", uid: `uid-${name}`, labels: { team: "blue" } },
    spec: { schedule: "0 3 * * *", retentionPolicy: { name: "keep", prune: true }, ...spec },
  });
}

function order(
  invoker: BackupConfiguration,
  zones: ZoneSupport = "field",
  limitRanges: CronJobOrder["limitRanges"] = [],
): CronJobOrder {
  const schedule = parseSchedule({ schedule: invoker.spec.schedule ?? "", timeZone: invoker.spec.timeZone });
  return { invoker, schedule, name: "stash-trigger-web", apiVersion: "batch/v1", zones, settings, limitRanges };
}

describe("the name of a CronJob", () => {
  test("is upstream's, without dots, and a second one with a hash for when that is taken", () => {
    const [first, second] = cronJobNames(aConfiguration("web.nightly"));
    expect(first).toBe("stash-trigger-web-nightly");
    expect(second).toMatch(/^stash-trigger-web-nightly-[0-9a-z]{10}$/);
  });

  test("L84: long names with the same ending, or the same beginning, don't share one", () => {
    const ending = "e".repeat(60);
    const names = [`a${ending}`, `b${ending}`, `${ending}a`, `${ending}b`].flatMap((name) =>
      cronJobNames(aConfiguration(name)),
    );
    expect(new Set(names).size).toBe(4);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(52);
  });
});

describe("L83: a CronJob", () => {
  test("has concurrency policy, history limits, deadline and time zone", () => {
    const invoker = aConfiguration("web", { timeZone: "Europe/Berlin", startingDeadlineSeconds: 600, paused: true });
    expect(buildCronJob(order(invoker)).spec).toMatchObject({
      schedule: "0 3 * * *",
      timeZone: "Europe/Berlin",
      suspend: true,
      concurrencyPolicy: "Forbid",
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      startingDeadlineSeconds: 600,
    });
  });

  test("names the zone before the fields where the server has no field for it", () => {
    const { spec } = buildCronJob(order(aConfiguration("web", { schedule: "CRON_TZ=Asia/Tokyo 0 3 * * *" }), "prefix"));
    expect(spec.schedule).toBe("TZ=Asia/Tokyo 0 3 * * *");
    expect(spec).not.toHaveProperty("timeZone");
  });

  test("runs create-backupsession with upstream's arguments, as nobody, and with the invoker's runtime settings", () => {
    const runtimeSettings = {
      pod: { nodeSelector: { disk: "ssd" }, podLabels: { never: "applied" } },
      container: { resources: { requests: { cpu: "10m" } } },
    };
    const pod = buildCronJob(order(aConfiguration("web", { runtimeSettings }))).spec.jobTemplate.spec.template;
    expect(pod.spec).toMatchObject({
      restartPolicy: "Never",
      serviceAccountName: "stash-trigger-web",
      nodeSelector: { disk: "ssd" },
      containers: [
        {
          name: "stash-trigger",
          image: settings.image,
          args: ["create-backupsession", "--invoker-name=web", "--invoker-kind=BackupConfiguration"],
          resources: { requests: { cpu: "10m" } },
          securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false },
        },
      ],
    });
    expect(pod.metadata.labels).toEqual({
      team: "blue",
      "app.kubernetes.io/component": "stash-backup",
      "app.kubernetes.io/managed-by": "stash.appscode.com",
    });
  });

  test("C1: has requests and limits where nobody sets them, within a LimitRange of the namespace", () => {
    const range = readLimitRange({ spec: { limits: [{ type: "Container", min: { cpu: "50m" } }] } });
    const { spec } = buildCronJob(order(aConfiguration("web"), "field", [range])).spec.jobTemplate.spec.template;
    expect(spec.containers).toMatchObject([
      { resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "1", memory: "1Gi" } } },
    ]);
  });

  test("L79: belongs to the invoker, with all that its pod needs, in the invoker's namespace", () => {
    const made = order(aConfiguration("web"));
    for (const object of [
      buildCronJob(made),
      buildTriggerAccount(made),
      buildTriggerRole(made),
      buildTriggerBinding(made),
    ]) {
      expect(object?.metadata.namespace).toBe("demo");
      expect(object?.metadata.ownerReferences).toMatchObject([
        { kind: "BackupConfiguration", name: "web", controller: true },
      ]);
    }
  });

  test("uses the ServiceAccount that the invoker names", () => {
    const made = order(aConfiguration("web", { runtimeSettings: { pod: { serviceAccountName: "own" } } }));
    expect(buildTriggerAccount(made)).toBeUndefined();
    expect(buildTriggerBinding(made).subjects).toMatchObject([{ name: "own" }]);
  });
});

function aServer(minor: number, version = "v1") {
  const api = new FakeApi();
  const discovery: Discovery = {
    hasResource: async (_group, served) => served === version,
    firstServed: async (candidates) => candidates.find((resource) => resource.version === version),
    serverVersion: async () => ({ major: 1, minor, text: `v1.${minor}.0` }),
  };
  return { api, ports: { client: api.client, discovery, settings, log } };
}

describe("--trigger=cronjob", () => {
  test("makes the CronJob once, and again only when it changes (L94)", async () => {
    const { api, ports } = aServer(30);
    const trigger = createCronJobTrigger(ports);
    expect(await trigger.ensure(aConfiguration("web"), signal)).toEqual({ kind: "CronJob", name: "stash-trigger-web" });
    const writes = api.writes.length;
    await trigger.ensure(aConfiguration("web"), signal);
    expect(api.writes.length).toBe(writes);
    await trigger.ensure(
      { ...aConfiguration("web"), metadata: { ...aConfiguration("web").metadata, labels: { team: "red" } } },
      signal,
    );
    expect(textAt(api.get("cronjobs", "demo", "stash-trigger-web"), "metadata", "labels", "team")).toBe("red");
  });

  test("speaks the version that the server has", async () => {
    const { api, ports } = aServer(20, "v1beta1");
    await createCronJobTrigger(ports).ensure(aConfiguration("web"), signal);
    const cronJob = api.get("cronjobs", "demo", "stash-trigger-web");
    expect(textAt(cronJob, "apiVersion")).toBe("batch/v1beta1");
    expect(textAt(cronJob, "spec", "schedule")).toBe("0 3 * * *");
  });

  test("a time zone that the server's CronJobs can't have is refused rather than ignored", async () => {
    const { api, ports } = aServer(20, "v1beta1");
    const invoker = aConfiguration("web", { timeZone: "Europe/Berlin" });
    const fact = await createCronJobTrigger(ports).ensure(invoker, signal);
    expect(fact).toMatchObject({ kind: "Invalid", message: expect.stringContaining("Europe/Berlin") });
    expect(api.writes).toEqual([]);
  });

  test("a BackupBatch and a BackupConfiguration of one name get one each", async () => {
    const { api, ports } = aServer(30);
    const trigger = createCronJobTrigger(ports);
    await trigger.ensure(aConfiguration("web"), signal);
    const batch = aBatch("web");
    await trigger.ensure({ ...batch, metadata: { ...batch.metadata, uid: "uid-of-the-batch" } }, signal);
    expect(api.names("cronjobs")).toHaveLength(2);
  });

  test("a schedule that never fires makes none", async () => {
    const { api, ports } = aServer(30);
    const fact = await createCronJobTrigger(ports).ensure(aConfiguration("web", { schedule: "0 0 30 2 *" }), signal);
    expect(fact).toMatchObject({ kind: "Invalid", message: expect.stringContaining("never fires") });
    expect(api.writes).toEqual([]);
  });
});

describe("--trigger=in-process", () => {
  test("L96: CronJobs that a former installation left are removed, others stay", async () => {
    const { api, ports } = aServer(30);
    const labels = {
      "app.kubernetes.io/component": "stash-backup",
      "app.kubernetes.io/managed-by": "stash.appscode.com",
    };
    const ownerReferences = [{ kind: "BackupConfiguration", name: "web", uid: "uid-web" }];
    api.put("cronjobs", { metadata: { name: "stash-trigger-web", namespace: "demo", labels, ownerReferences } });
    api.put("cronjobs", { metadata: { name: "report", namespace: "demo" } });
    await createInProcessTrigger(ports, undefined).prepare();
    expect(api.names("cronjobs")).toEqual(["demo/report"]);
  });

  test("says whether the schedule can be followed", async () => {
    const trigger = createInProcessTrigger(aServer(30).ports, undefined);
    expect(await trigger.ensure(aConfiguration("web"), signal)).toEqual({ kind: "InProcess" });
    expect(await trigger.ensure(aConfiguration("web", { schedule: "soon" }), signal)).toMatchObject({
      kind: "Invalid",
    });
    expect(await trigger.ensure(aConfiguration("web", { schedule: undefined }), signal)).toMatchObject({
      kind: "Invalid",
      message: expect.stringContaining("spec.schedule is empty"),
    });
  });
});

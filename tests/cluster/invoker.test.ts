import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository, type Repository } from "../../shared/api/repository.ts";
import { containersOf, isSidecar } from "../../shared/injection/own-parts.ts";
import { isJsonObject, listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import type { ConditionFact } from "../../shared/status/conditions.ts";
import type { KeyAndCertificate } from "../support/control-plane/certificates.ts";
import { eventually, stays } from "../support/eventually.ts";
import { applyManifests, type Manifest } from "../support/objects/apply.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { type RunningControllers, startInvokerControllers } from "../support/reconciler/running-controllers.ts";
import { sharedPlane } from "../support/shared-plane.ts";
import {
  registerWebhook,
  startTestWebhook,
  type TestWebhook,
  untilNoticed,
} from "../support/webhook/running-webhook.ts";

const NAMESPACE = "invoker-test";
const VAULT = "invoker-vault";
let client: KubeClient;
let ca: KeyAndCertificate;
let webhook: TestWebhook;
let unregister: () => Promise<void>;
let controllers: RunningControllers;

beforeAll(async () => {
  const { kubeletCa } = sharedPlane();
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  client = createKubeClient({ connection, program: "tests" });
  ca = { certPem: await readFile(kubeletCa.certPath, "utf8"), keyPem: await readFile(kubeletCa.keyPath, "utf8") };
  await applyManifests(client, [
    ...[NAMESPACE, VAULT].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
    aSecret(NAMESPACE, "backend"),
    aRepository(NAMESPACE, "repo"),
  ]);
  webhook = await startTestWebhook({ kubeconfigPath: sharedPlane().kubeconfigPath, ca });
  unregister = await registerWebhook(client, webhook.url, ca.certPem);
  controllers = await startInvokerControllers(client);
  await untilNoticed();
});

afterAll(async () => {
  for (const kind of ["BackupConfiguration", "BackupBatch"] as const) {
    const names = await client.list(KINDS[kind], NAMESPACE, (object) => textAt(object, "metadata", "name") ?? "");
    for (const name of names.items) await client.delete(KINDS[kind], NAMESPACE, name);
  }
  await sleep(2_000);
  await controllers.stop();
  await unregister();
  await webhook.stop();
  for (const name of [NAMESPACE, VAULT]) await client.delete(KUBERNETES.Namespace, undefined, name);
  client.close();
});

function aSecret(namespace: string, name: string): Manifest {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData: { RESTIC_PASSWORD: "secret" } };
}

function aRepository(namespace: string, name: string, spec: object = {}): Manifest {
  const backend = { storageSecretName: "backend", s3: { endpoint: "s3.test", bucket: "b" } };
  const { apiVersion, kind } = KINDS.Repository;
  return { apiVersion, kind, metadata: { name, namespace }, spec: { backend, ...spec } };
}

const retentionPolicy = { name: "keep", keepLast: 5, prune: true };

function target(kind: string, name: string) {
  const volumeMounts = [{ name: "data", mountPath: "/data" }];
  return { ref: { apiVersion: "apps/v1", kind, name }, alias: name, paths: ["/data"], volumeMounts };
}

function aConfiguration(name: string, spec: object): Manifest {
  const { apiVersion, kind } = KINDS.BackupConfiguration;
  const common = { schedule: "0 3 * * *", repository: { name: "repo" }, retentionPolicy };
  return { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec: { ...common, ...spec } };
}

function aBatch(name: string, spec: object): Manifest {
  const { apiVersion, kind } = KINDS.BackupBatch;
  const common = { schedule: "0 3 * * *", repository: { name: "repo" }, retentionPolicy };
  return { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec: { ...common, ...spec } };
}

function aWorkload(
  kind: "Deployment" | "StatefulSet",
  name: string,
  more: { spec?: object; pod?: object; metadata?: object } = {},
): Manifest {
  const metadata = { name, namespace: NAMESPACE, ...more.metadata };
  const podSpec = {
    nodeSelector: { nowhere: "true" },
    containers: [{ name: "app", image: "nginx:1.25", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
    volumes: [{ name: "data", emptyDir: {} }],
    ...more.pod,
  };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata,
    spec: {
      replicas: 0,
      ...(kind === "StatefulSet" && { serviceName: name }),
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: podSpec },
      ...more.spec,
    },
  };
}

const configuration = (name: string) =>
  client.find(KINDS.BackupConfiguration, NAMESPACE, name, parseBackupConfiguration);
const batch = (name: string) => client.find(KINDS.BackupBatch, NAMESPACE, name, parseBackupBatch);

function summary(conditions: readonly ConditionFact[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]));
}

async function conditionOf(name: string, type: string): Promise<ConditionFact | undefined> {
  return (await configuration(name))?.status?.conditions?.find((condition) => condition.type === type);
}

async function waitForReason(name: string, type: string, reason: string, timeoutMs = 15_000): Promise<ConditionFact> {
  const isAsWanted = (found?: ConditionFact): found is ConditionFact => found?.reason === reason;
  return eventually(() => conditionOf(name, type), isAsWanted, timeoutMs);
}

async function hasSidecar(kind: "Deployment" | "StatefulSet", name: string): Promise<boolean> {
  const workload = await client.get(KUBERNETES[kind], NAMESPACE, name, asIs);
  const template = valueAt(workload, "spec", "template");
  return isJsonObject(template) && containersOf(template).some(isSidecar);
}

async function boundAccounts(namespace: string): Promise<readonly string[]> {
  const binding = await client.find(KUBERNETES.RoleBinding, namespace, "stash-batch-agent", asIs);
  return listAt(binding, "subjects").map((subject) => textAt(subject, "name") ?? "");
}

describe("a BackupConfiguration", () => {
  test("with all that it needs gets its finalizer, its conditions and the sidecar, and becomes Ready", async () => {
    await applyManifests(client, [aWorkload("Deployment", "web", { pod: { serviceAccountName: "web-account" } })]);
    expect(await hasSidecar("Deployment", "web")).toBe(false);
    await applyManifests(client, [aConfiguration("web-backup", { target: target("Deployment", "web") })]);
    await waitForReason("web-backup", "StashSidecarInjected", "SidecarInjectionSucceeded");
    const object = await configuration("web-backup");
    expect(summary(object?.status?.conditions)).toEqual({
      RepositoryFound: "True RepositoryAvailable",
      BackendSecretFound: "True BackendSecretAvailable",
      ValidationPassed: "True ResourceValidationPassed",
      CronJobCreated: "True InProcessSchedule",
      BackupTargetFound: "True TargetAvailable",
      StashSidecarInjected: "True SidecarInjectionSucceeded",
      Ready: "True BackupsCanRun",
      Reconciling: "False BackupsCanRun",
      Stalled: "False BackupsCanRun",
    });
    expect(object?.status?.phase).toBe("Ready");
    expect(object?.status?.observedGeneration).toBe(object?.metadata.generation);
    expect(object?.metadata.finalizers).toEqual(["stash.appscode.com"]);
    expect(await hasSidecar("Deployment", "web")).toBe(true);
  });

  test("is a reference of its Repository, which has its own finalizer", async () => {
    const isReferenced = ({ metadata, status }: Repository) =>
      metadata.finalizers?.includes("stash") === true &&
      status?.references?.some(({ name }) => name === "web-backup") === true;
    const read = () => client.get(KINDS.Repository, NAMESPACE, "repo", parseRepository);
    await eventually(read, isReferenced, 10_000);
  });

  test("L75: its target's ServiceAccount may read our kinds and report, and nothing else", async () => {
    await eventually(async () => (await boundAccounts(NAMESPACE)).includes("web-account"), true, 10_000);
    const role = await client.get(KUBERNETES.Role, NAMESPACE, "stash-batch-agent", asIs);
    const groups = listAt(role, "rules").flatMap((rule) => listAt(rule, "apiGroups"));
    expect(new Set(groups)).toEqual(new Set(["stash.appscode.com"]));
    const verbs = listAt(role, "rules").flatMap((rule) => listAt(rule, "verbs"));
    expect(new Set(verbs)).toEqual(new Set(["get", "list", "watch", "patch"]));
    expect(textAt(role, "metadata", "labels", "stash.appscode.com/agent-rights")).toBe("true");
  });

  test("that waits for its Repository and Secret becomes Ready when they appear", async () => {
    await applyManifests(client, [
      aConfiguration("late-backup", { target: target("Deployment", "web"), repository: { name: "late" } }),
    ]);
    await waitForReason("late-backup", "RepositoryFound", "RepositoryNotAvailable");
    expect((await configuration("late-backup"))?.status?.phase).toBe("NotReady");
    const backend = { storageSecretName: "late-secret", s3: { endpoint: "s3.test", bucket: "b" } };
    await applyManifests(client, [aRepository(NAMESPACE, "late", { backend })]);
    const missing = await waitForReason("late-backup", "BackendSecretFound", "BackendSecretNotAvailable");
    expect(missing.message).toContain("invoker-test/late-secret");
    await applyManifests(client, [aSecret(NAMESPACE, "late-secret")]);
    await waitForReason("late-backup", "BackendSecretFound", "BackendSecretAvailable", 20_000);
    await eventually(async () => (await configuration("late-backup"))?.status?.phase, "Ready", 10_000);
  });

  test("L85: with a schedule that never fires says so, and is not Ready", async () => {
    await applyManifests(client, [
      aConfiguration("february", { schedule: "0 0 31 2 *", target: target("Deployment", "web") }),
    ]);
    const condition = await waitForReason("february", "CronJobCreated", "ScheduleInvalid");
    expect(condition.status).toBe("False");
    expect(condition.message).toContain("never fires");
    expect((await configuration("february"))?.status?.phase).toBe("NotReady");
  });

  test("L89: whose target goes away says so", async () => {
    await applyManifests(client, [
      aWorkload("Deployment", "brief"),
      aConfiguration("brief-backup", { target: target("Deployment", "brief") }),
    ]);
    await waitForReason("brief-backup", "BackupTargetFound", "TargetAvailable");
    await client.delete(KUBERNETES.Deployment, NAMESPACE, "brief");
    const condition = await waitForReason("brief-backup", "BackupTargetFound", "TargetNotAvailable");
    expect(condition.message).toContain("Deployment invoker-test/brief does not exist");
    expect(await conditionOf("brief-backup", "StashSidecarInjected")).toBeUndefined();
  });

  test("looks for targets of other kinds too", async () => {
    const claim = { ref: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "claim" } };
    const nothing = { ref: { apiVersion: "example.com/v1", kind: "Thing", name: "thing" } };
    await applyManifests(client, [
      aConfiguration("claim-backup", { task: { name: "pvc-backup" }, target: claim }),
      aConfiguration("thing-backup", { task: { name: "thing-backup" }, target: nothing }),
    ]);
    await waitForReason("claim-backup", "BackupTargetFound", "TargetNotAvailable");
    await waitForReason("thing-backup", "BackupTargetFound", "TargetNotAvailable");
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } };
    const metadata = { name: "claim", namespace: NAMESPACE };
    await applyManifests(client, [{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec }]);
    await waitForReason("claim-backup", "BackupTargetFound", "TargetAvailable", 20_000);
  });
});

describe("L24: an update strategy that keeps old pods", () => {
  test("is left alone; the condition names the pods that lack the container until they are restarted", async () => {
    const spec = { replicas: 2, podManagementPolicy: "Parallel", updateStrategy: { type: "OnDelete" } };
    await applyManifests(client, [aWorkload("StatefulSet", "kept", { spec })]);
    const pods = async () =>
      (
        await client.list(KUBERNETES.Pod, NAMESPACE, (pod) => textAt(pod, "metadata", "uid"), {
          labelSelector: "app=kept",
        })
      ).items;
    await eventually(async () => (await pods()).length, 2, 20_000);
    await applyManifests(client, [aConfiguration("kept-backup", { target: target("StatefulSet", "kept") })]);
    const waiting = await waitForReason("kept-backup", "StashSidecarInjected", "SidecarWaitsForPodRestart", 20_000);
    expect(waiting.message).toContain("kept-0, kept-1");
    await client.delete(KUBERNETES.Pod, NAMESPACE, "kept-0", { gracePeriodSeconds: 0 });
    const isOneLeft = (found?: ConditionFact) =>
      found?.message?.includes("kept-1") && !found.message.includes("kept-0");
    await eventually(
      () => conditionOf("kept-backup", "StashSidecarInjected"),
      (found) => isOneLeft(found) === true,
      20_000,
    );
    await client.delete(KUBERNETES.Pod, NAMESPACE, "kept-1", { gracePeriodSeconds: 0 });
    await waitForReason("kept-backup", "StashSidecarInjected", "SidecarInjectionSucceeded", 20_000);
    const workload = await client.get(KUBERNETES.StatefulSet, NAMESPACE, "kept", asIs);
    expect(textAt(workload, "spec", "updateStrategy", "type")).toBe("OnDelete");
  });
});

describe("a BackupBatch", () => {
  test("has conditions for each member, labelled workloads included", async () => {
    await applyManifests(client, [
      aWorkload("Deployment", "front"),
      aBatch("nightly", { members: [{ target: target("Deployment", "front") }] }),
      aWorkload("Deployment", "joined", {
        metadata: {
          labels: { "stash.appscode.com/backup-batch": "nightly" },
          annotations: { "stash.appscode.com/volume-mounts": "data:/data" },
        },
      }),
    ]);
    const members = async () =>
      Object.fromEntries(
        ((await batch("nightly"))?.status?.memberConditions ?? []).map(({ target: ref, conditions }) => [
          ref.name,
          summary(conditions),
        ]),
      );
    const good = { BackupTargetFound: "True TargetAvailable", StashSidecarInjected: "True SidecarInjectionSucceeded" };
    await eventually(members, { front: good, joined: good }, 15_000);
    const labels = { "stash.appscode.com/backup-batch": null };
    await client.patch(
      KUBERNETES.Deployment,
      NAMESPACE,
      "joined",
      { kind: "merge", body: { metadata: { labels } } },
      asIs,
    );
    await eventually(async () => Object.keys(await members()).join(), "front", 15_000);
    expect(await hasSidecar("Deployment", "joined")).toBe(false);
  });
});

describe("a Repository of another namespace", () => {
  test("has a labelled copy of its Secret beside the workload, which goes with its last user", async () => {
    const usagePolicy = { allowedNamespaces: { from: "All" } };
    await applyManifests(client, [
      aSecret(VAULT, "backend"),
      aRepository(VAULT, "shared", { usagePolicy }),
      aWorkload("Deployment", "far"),
      aConfiguration("far-backup", {
        target: target("Deployment", "far"),
        repository: { name: "shared", namespace: VAULT },
      }),
    ]);
    const copies = async () =>
      (
        await client.list(KUBERNETES.Secret, NAMESPACE, asIs, {
          labelSelector: "stash.appscode.com/copied-from-namespace",
        })
      ).items;
    await eventually(async () => (await copies()).length, 1, 15_000);
    const [copy] = await copies();
    expect(textAt(copy, "metadata", "labels", "stash.appscode.com/copied-from-namespace")).toBe(VAULT);
    expect(textAt(copy, "data", "RESTIC_PASSWORD")).toBe(Buffer.from("secret").toString("base64"));
    await waitForReason("far-backup", "StashSidecarInjected", "SidecarInjectionSucceeded");
    const workload = await client.get(KUBERNETES.Deployment, NAMESPACE, "far", asIs);
    const mounted = listAt(workload, "spec", "template", "spec", "volumes").map((one) =>
      textAt(one, "secret", "secretName"),
    );
    expect(mounted).toContain(textAt(copy, "metadata", "name"));
    await client.delete(KINDS.BackupConfiguration, NAMESPACE, "far-backup");
    await eventually(async () => (await copies()).length, 0, 20_000);
  });
});

/** Another controller that writes its own idea of the template. */
async function meddle(name: string, round: number): Promise<void> {
  const template = {
    metadata: { labels: { app: name }, annotations: { meddled: String(round) } },
    spec: valueAt(aWorkload("Deployment", name), "spec", "template", "spec"),
  };
  const operations = [{ op: "replace", path: "/spec/template", value: template }] as const;
  const options = { fieldManager: "meddler" };
  await client.patch(KUBERNETES.Deployment, NAMESPACE, name, { kind: "json", operations }, asIs, options);
}

describe("a deleted Repository", () => {
  test("L68: goes whatever wipeOut says, its data stays, and an Event tells so", async () => {
    await applyManifests(client, [aRepository(NAMESPACE, "wiped", { wipeOut: true })]);
    const repository = () => client.find(KINDS.Repository, NAMESPACE, "wiped", parseRepository);
    await eventually(async () => (await repository())?.metadata.finalizers?.includes("stash"), true, 10_000);
    await client.delete(KINDS.Repository, NAMESPACE, "wiped");
    await eventually(() => repository(), undefined, 10_000);
    await eventually(
      async () => {
        const events = await client.list(KUBERNETES.Event, NAMESPACE, (event) => textAt(event, "reason"));
        return events.items.includes("WipeOut Not Done");
      },
      true,
      10_000,
    );
  });
});

describe("when the webhook is away", () => {
  afterAll(async () => {
    unregister = await registerWebhook(client, webhook.url, ca.certPem);
    await untilNoticed();
  });

  test("L36: what it missed is found, said, and mended when it is back; who undoes it again and again is named", async () => {
    await unregister();
    await untilNoticed();
    await applyManifests(client, [
      aWorkload("Deployment", "missed"),
      aConfiguration("missed-backup", { target: target("Deployment", "missed") }),
    ]);
    const failed = await waitForReason("missed-backup", "StashSidecarInjected", "SidecarInjectionFailed");
    expect(failed.message).toContain("webhook");
    expect(await hasSidecar("Deployment", "missed")).toBe(false);
    for (let round = 1; round <= 3; round += 1) {
      unregister = await registerWebhook(client, webhook.url, ca.certPem);
      await eventually(() => hasSidecar("Deployment", "missed"), true, 30_000);
      await waitForReason("missed-backup", "StashSidecarInjected", "SidecarInjectionSucceeded");
      await unregister();
      await untilNoticed();
      await meddle("missed", round);
    }
    const conflict = await waitForReason("missed-backup", "StashSidecarInjected", "InjectionConflict");
    expect(conflict.message).toContain("meddler");
    unregister = await registerWebhook(client, webhook.url, ca.certPem);
    await stays(() => hasSidecar("Deployment", "missed"), false, 3_000);
  });
});

describe("a deleted invoker", () => {
  test("takes its sidecar along, then itself; other invokers keep their rights (L78)", async () => {
    await applyManifests(client, [
      aWorkload("Deployment", "leaving", { pod: { serviceAccountName: "leaving-account" } }),
      aConfiguration("leaving-backup", { target: target("Deployment", "leaving") }),
    ]);
    await waitForReason("leaving-backup", "StashSidecarInjected", "SidecarInjectionSucceeded");
    await eventually(async () => (await boundAccounts(NAMESPACE)).includes("leaving-account"), true, 10_000);
    await client.delete(KINDS.BackupConfiguration, NAMESPACE, "leaving-backup");
    await eventually(() => configuration("leaving-backup"), undefined, 20_000);
    expect(await hasSidecar("Deployment", "leaving")).toBe(false);
    await eventually(async () => (await boundAccounts(NAMESPACE)).includes("leaving-account"), false, 10_000);
    expect(await boundAccounts(NAMESPACE)).toContain("web-account");
  });

  test("whose workload is gone already does not wait for it", async () => {
    await applyManifests(client, [aConfiguration("orphan-backup", { target: target("Deployment", "never") })]);
    await waitForReason("orphan-backup", "BackupTargetFound", "TargetNotAvailable");
    await client.delete(KINDS.BackupConfiguration, NAMESPACE, "orphan-backup");
    await eventually(() => configuration("orphan-backup"), undefined, 10_000);
  });
});

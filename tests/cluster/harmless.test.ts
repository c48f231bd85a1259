/**
 * Namespaces as real clusters have them: with the sidecar in its pods an application is as well as before, or the sidecar stays out and says
 * why. Each case has a namespace of its own, and they run side by side.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { listAt, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import { createPodExec } from "../../shared/kube/exec/pod.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { eventually, stays } from "../support/eventually.ts";
import { aBackupOf, aNamespace, anApplication, harmlessStage, STAGE_TIMEOUT_MS } from "../support/harmless/stage.ts";
import { startVerticalAutoscaler } from "../support/harmless/vertical-autoscaler.ts";
import { runsIn } from "../support/jobs/runs.ts";
import { waitForPods, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const cluster = useProduct();
const stage = harmlessStage(cluster);
const HELD = "stash.appscode.com/injection-held";
const RECREATE = { strategy: { type: "Recreate" } };

const aQuota = (namespace: string, hard: object) => ({
  apiVersion: "v1",
  kind: "ResourceQuota",
  metadata: { name: "team", namespace },
  spec: { hard },
});

const heldOf = async (namespace: string, name = "app") =>
  textAt(await stage.workload(namespace, "Deployment", name), "metadata", "annotations", HELD);

const podsOf = (namespace: string) => waitForReadyPods(cluster().client, namespace, "app=app", 1, STAGE_TIMEOUT_MS);

async function execIn(namespace: string, pod: string, container: string, command: readonly string[]) {
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  const result = await createPodExec({ connection })({ namespace, pod, container, command, timeoutMs: 60_000 });
  expect(result.stderr).toBe("");
  return result.stdout;
}

describe.concurrent("resources", () => {
  test("C1, C2, C07: under a quota a Deployment gets its sidecar, and each container requests CPU, as autoscalers want it", async () => {
    const ns = "harmless-quota";
    const hard = {
      "requests.cpu": "2",
      "requests.memory": "2Gi",
      "limits.cpu": "4",
      "limits.memory": "2Gi",
      pods: "10",
    };
    await stage.apply(aNamespace(ns), aQuota(ns, hard), anApplication(ns, { spec: RECREATE }));
    await podsOf(ns);
    await stage.apply(aBackupOf(ns));
    const pod = await stage.untilInjected(ns);
    const stored = await cluster().client.get(KUBERNETES.Pod, ns, pod?.name ?? "", asIs);
    const requests = objectsAt(stored, "spec", "containers").map((one) => textAt(one, "resources", "requests", "cpu"));
    expect(requests.sort()).toEqual(["10m", "50m"]);
    const used = async () =>
      valueAt(await cluster().client.get(KUBERNETES.ResourceQuota, ns, "team", asIs), "status", "used", "requests.cpu");
    await eventually(used, "60m", STAGE_TIMEOUT_MS);
  });

  test("C1: a LimitRange is met, though our defaults are below its minimum and above what it leaves of a pod", async () => {
    const ns = "harmless-range";
    const limits = [
      { type: "Container", min: { cpu: "40m", memory: "80Mi" }, max: { memory: "512Mi" } },
      { type: "Pod", max: { cpu: "800m" } },
    ];
    const range = { apiVersion: "v1", kind: "LimitRange", metadata: { name: "team", namespace: ns }, spec: { limits } };
    const resources = { requests: { cpu: "50m", memory: "128Mi" }, limits: { cpu: "500m", memory: "128Mi" } };
    await stage.apply(aNamespace(ns), range, anApplication(ns, { spec: RECREATE, container: { resources } }));
    await podsOf(ns);
    await stage.apply(aBackupOf(ns));
    const pod = await stage.untilInjected(ns);
    expect((await stage.sidecarOf(ns, pod?.name ?? ""))?.["resources"]).toEqual({
      requests: { cpu: "40m", memory: "512Mi" },
      limits: { cpu: "300m", memory: "512Mi" },
    });
  });

  test("C1, C08: a quota without room keeps the pod as it is, is told in its own words, and lets the sidecar in once raised", async () => {
    const ns = "harmless-full";
    const { client } = cluster();
    await stage.apply(aNamespace(ns), aQuota(ns, { "requests.memory": "70Mi" }), anApplication(ns, { spec: RECREATE }));
    const [before] = await podsOf(ns);
    await stage.apply(aBackupOf(ns));
    expect(await stage.untilReason(ns, "InjectionRefusedByCluster")).toContain("quota: team");
    expect(await stage.condition(ns)).toMatchObject({ status: "False" });
    expect(await stage.untilEvent(ns, "InjectionRefusedByCluster")).toContain("quota: team");

    // Neither a change of its metadata nor one of its template brings it in.
    await stage.patch(ns, { metadata: { labels: { touched: "yes" } } });
    await stays(async () => (await podsOf(ns))[0]?.uid, before?.uid, 2_000);
    await stage.patch(ns, { spec: { template: { metadata: { annotations: { changed: "1" } } } } });
    const at = { namespace: ns, selector: "app=app", timeoutMs: STAGE_TIMEOUT_MS };
    const isOther = (pods: readonly { uid: string; isReady: boolean }[]) =>
      pods.length === 1 && pods.every(({ uid, isReady }) => uid !== before?.uid && isReady);
    expect((await waitForPods(client, at, isOther))[0]?.containers).toEqual(["app"]);

    const began = performance.now();
    await stage.apply(aQuota(ns, { "requests.memory": "200Mi" }));
    await stage.untilInjected(ns);
    expect(performance.now() - began).toBeLessThan(60_000);
    expect(await heldOf(ns)).toBeUndefined();

    // A hold that somebody forges costs him his own backup for a moment, and nobody anything else.
    for (const value of ["dry-run", "pods/forged"]) {
      await stage.patch(ns, { metadata: { annotations: { [HELD]: value } } });
      await eventually(() => heldOf(ns), undefined, STAGE_TIMEOUT_MS);
      await stage.untilInjected(ns);
    }
  });

  test("D9: 100 MiB of scratch in a pod whose application may store 64 MiB evict nobody; the application's own do", async () => {
    const ns = "harmless-scratch";
    const resources = { limits: { "ephemeral-storage": "64Mi" } };
    await stage.apply(aNamespace(ns), anApplication(ns, { container: { resources } }), aBackupOf(ns));
    const pod = await stage.untilInjected(ns);
    const fill = "require('fs').writeFileSync('/stash-tmp/fill', Buffer.alloc(100 << 20, 1))";
    await execIn(ns, pod?.name ?? "", "stash", ["node", "-e", fill]);
    // The kubelet looks each 10 s, at sizes that are a minute old at most.
    const seen = async () => (await stage.pods(ns)).map(({ uid, phase, isReady }) => [uid, phase, isReady]).slice(0, 1);
    await stays(seen, [[pod?.uid ?? "", "Running", true]], 75_000, 5_000);
    // That limits are looked at here at all: beyond the sum of both the pod goes.
    await execIn(ns, pod?.name ?? "", "app", ["sh", "-c", "head -c 1200000000 /dev/zero >/data/fill"]);
    const at = { namespace: ns, selector: "app=app", timeoutMs: STAGE_TIMEOUT_MS };
    await waitForPods(cluster().client, at, (pods) =>
      pods.some(({ uid, phase }) => uid === pod?.uid && phase === "Failed"),
    );
  }, 300_000);
});

describe.concurrent("limits that are not in the template", () => {
  test("C1: of the pod itself, and of a LimitRange for what is stored: the sidecar fits, and its agent knows", async () => {
    const ns = "harmless-pod";
    const limits = [
      { type: "Container", default: { "ephemeral-storage": "100Mi" }, defaultRequest: { "ephemeral-storage": "10Mi" } },
    ];
    const range = { apiVersion: "v1", kind: "LimitRange", metadata: { name: "team", namespace: ns }, spec: { limits } };
    const ofPod = { requests: { cpu: "60m", memory: "96Mi" }, limits: { cpu: "500m", memory: "256Mi" } };
    const podSpec = { resources: ofPod };
    // Beside these ours has no room: neither below the pod's limit nor in the sum of its requests.
    const container = { resources: { requests: { cpu: "60m", memory: "96Mi" } } };
    await stage.apply(aNamespace(ns), range, anApplication(ns, { podSpec, container }));
    await podsOf(ns);
    await stage.apply(aBackupOf(ns), aBackupOf(ns, { name: "later" }));
    const pod = await stage.untilInjected(ns);
    expect((await stage.sidecarOf(ns, pod?.name ?? ""))?.["resources"]).toEqual({
      requests: { "ephemeral-storage": "10Mi" },
      limits: { "ephemeral-storage": "100Mi" },
    });
    const told = await execIn(ns, pod?.name ?? "", "stash", ["sh", "-c", "echo $STASH_STORAGE_LIMIT"]);
    expect(told.trim()).toBe(String(100 * 2 ** 20));

    // One that is made with its sidecar, and one that gets such limits when it has one, are taken as well.
    await stage.apply(anApplication(ns, { name: "later", container }));
    await stage.untilInjected(ns, "later");
    await stage.patch(ns, { spec: { template: { spec: { resources: ofPod } } } }, "Deployment", "later");
    const changed = async () =>
      (await stage.pods(ns, "later")).filter(({ isReady, isBeingDeleted }) => isReady && !isBeingDeleted);
    const [next] = await eventually(
      async () => {
        const [one, ...others] = await changed();
        const sidecar = one && (await stage.sidecarOf(ns, one.name));
        const isOwn = sidecar !== undefined && textAt(sidecar, "resources", "limits", "memory") === undefined;
        return one && others.length === 0 && isOwn ? [one] : [];
      },
      (found) => found.length === 1,
      STAGE_TIMEOUT_MS,
    );
    expect(next?.containers).toEqual(["app", "stash"]);
  });

  test("a VerticalPodAutoscaler's, in the pods alone: they stay, nobody restarts for them, and they count at the dry run", async () => {
    const ns = "harmless-vpa";
    const { client } = cluster();
    const mebibytes = (count: number) => count * 2 ** 20;
    await stage.apply(aNamespace(ns), anApplication(ns, { spec: RECREATE }));
    await podsOf(ns);
    const end = await startVerticalAutoscaler(client, ns, { app: mebibytes(48), stash: mebibytes(16) });
    try {
      await stage.apply(aBackupOf(ns));
      const pod = await stage.untilInjected(ns);
      const resources = {
        requests: { cpu: "10m", memory: String(mebibytes(16)) },
        limits: { cpu: "1", memory: String(mebibytes(256)) },
      };
      expect((await stage.sidecarOf(ns, pod?.name ?? ""))?.["resources"]).toEqual(resources);
      const generation = async () => numberAt(await stage.workload(ns), "metadata", "generation");
      const before = await generation();
      await stage.patch(ns, { metadata: { labels: { touched: "yes" } } });
      const seen = async () => [await generation(), (await podsOf(ns))[0]?.uid];
      await stays(seen, [before, pod?.uid], 3_000);

      // Beside the 64 MiB of the one and the 48 of the other, 32 have room and 64 have none.
      await end();
      const more = await startVerticalAutoscaler(client, ns, { app: mebibytes(48), stash: mebibytes(64) });
      const resourcesOf = { requests: { memory: "48Mi" }, limits: { memory: "128Mi" } };
      const named = { name: "other", spec: RECREATE, container: { resources: resourcesOf } };
      await stage.apply(aQuota(ns, { "requests.memory": "160Mi" }), anApplication(ns, named));
      const [other] = await waitForReadyPods(client, ns, "app=other", 1, STAGE_TIMEOUT_MS);
      const asked = { metadata: { annotations: { "stash.appscode.com/resources": "requests.memory=32Mi" } } };
      await stage.patch(ns, asked, "Deployment", "other");
      await stage.apply(aBackupOf(ns, { name: "other" }));
      expect(await stage.untilReason(ns, "InjectionRefusedByCluster", "other")).toContain("team");
      expect((await stage.pods(ns, "other"))[0]?.uid).toBe(other?.uid);
      await more();
    } finally {
      await end().catch(() => undefined);
    }
  });
});

describe.concurrent("policies", () => {
  test("D9: what others forbid costs the application nothing, is told in their words, and is asked again", async () => {
    const ns = "harmless-policed";
    const message = "only images of the team may run here";
    await stage.apply(aNamespace(ns));
    await stage.enforce(ns, "object.spec.containers.all(c, c.image.startsWith('app:'))", message);
    await stage.apply(anApplication(ns), anApplication(ns, { name: "other" }));
    const [before] = await podsOf(ns);
    await stage.apply(aBackupOf(ns), aBackupOf(ns, { name: "other" }));
    expect(await stage.untilReason(ns, "InjectionRefusedByCluster")).toContain(message);
    expect((await podsOf(ns))[0]?.uid).toBe(before?.uid);

    // A workload that nothing wants to back up any more is let go of its hold.
    await eventually(() => heldOf(ns, "other"), "dry-run", STAGE_TIMEOUT_MS);
    await cluster().client.delete(KINDS.BackupConfiguration, ns, "other");
    await eventually(() => heldOf(ns, "other"), undefined, STAGE_TIMEOUT_MS);

    await stage.lift(ns);
    expect((await stage.untilInjected(ns))?.uid).not.toBe(before?.uid);
  });

  test("C4: one that refuses root lets the sidecar of a pod in that says runAsNonRoot, and keeps the root's own out", async () => {
    const ns = "harmless-rootless";
    const message = "nobody is root here";
    const noRoot =
      "object.spec.containers.all(c, has(c.securityContext) && has(c.securityContext.runAsNonRoot) && c.securityContext.runAsNonRoot)";
    const command = ["sh", "-c", "sleep infinity"];
    const securityContext = { runAsNonRoot: true, runAsUser: 1000 };
    await stage.apply(aNamespace(ns), anApplication(ns, { name: "before" }));
    await waitForReadyPods(cluster().client, ns, "app=before", 1, STAGE_TIMEOUT_MS);
    await stage.enforce(ns, noRoot, message);
    const rootless = { podSpec: { securityContext: { fsGroup: 1000 } }, container: { command, securityContext } };
    await stage.apply(anApplication(ns, rootless), aBackupOf(ns), aBackupOf(ns, { name: "before" }));
    const pod = await stage.untilInjected(ns);
    const context = (await stage.sidecarOf(ns, pod?.name ?? ""))?.["securityContext"];
    expect(context).toMatchObject({ runAsUser: 1000, runAsNonRoot: true });
    // That one would be refused without the sidecar too, and has a pod to lose.
    expect(await stage.untilReason(ns, "InjectionRefusedByCluster", "before")).toContain(message);
    await waitForReadyPods(cluster().client, ns, "app=before", 1, STAGE_TIMEOUT_MS);
  });

  test("a restore whose init-container would be refused restarts nobody, and goes on when it is not any more", async () => {
    const ns = "harmless-restore";
    const message = "no capability is given here";
    const noneAdded =
      "!has(object.spec.initContainers) || object.spec.initContainers.all(c, !has(c.securityContext) || !has(c.securityContext.capabilities) || !has(c.securityContext.capabilities.add))";
    await stage.apply(aNamespace(ns), anApplication(ns));
    const [before] = await podsOf(ns);
    await stage.enforce(ns, noneAdded, message);
    await stage.apply({
      apiVersion: KINDS.RestoreSession.apiVersion,
      kind: "RestoreSession",
      metadata: { name: "back", namespace: ns },
      spec: {
        repository: { name: "store" },
        target: {
          ref: { apiVersion: "apps/v1", kind: "Deployment", name: "app" },
          volumeMounts: [{ name: "data", mountPath: "/data" }],
          rules: [{ paths: ["/data"] }],
        },
      },
    });
    expect(await stage.untilEvent(ns, "InjectionRefusedByCluster", "RestoreSession")).toContain(message);
    const told = async () => JSON.stringify(await cluster().client.get(KINDS.RestoreSession, ns, "back", asIs));
    await eventually(told, (text) => text.includes(message), STAGE_TIMEOUT_MS);
    expect((await podsOf(ns))[0]?.uid).toBe(before?.uid);
    expect(await stage.templateNames(ns)).toEqual(["app"]);
    await stage.lift(ns);
    const names = () => stage.templateNames(ns);
    await eventually(names, (all) => all.includes("stash-init"), STAGE_TIMEOUT_MS);
  });
});

describe.concurrent("workloads", () => {
  test("a paused Deployment keeps its pods, and the condition says that it is paused", async () => {
    const ns = "harmless-paused";
    await stage.apply(aNamespace(ns), anApplication(ns));
    const [before] = await podsOf(ns);
    await stage.patch(ns, { spec: { paused: true } });
    await stage.apply(aBackupOf(ns));
    expect(await stage.untilReason(ns, "SidecarWaitsForPodRestart")).toContain("is paused");
    expect((await podsOf(ns))[0]?.uid).toBe(before?.uid);
    await stage.patch(ns, { spec: { paused: false } });
    await stage.untilInjected(ns);
  });

  test("a PodDisruptionBudget at its limit is no obstacle to a rollout, and is kept by it", async () => {
    const ns = "harmless-budget";
    const budget = {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "app", namespace: ns },
      spec: { minAvailable: 2, selector: { matchLabels: { app: "app" } } },
    };
    const strategy = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
    await stage.apply(aNamespace(ns), anApplication(ns, { spec: { replicas: 2, strategy } }), budget);
    await waitForReadyPods(cluster().client, ns, "app=app", 2, STAGE_TIMEOUT_MS);
    await stage.apply(aBackupOf(ns));
    let fewest = 2;
    const watch = async () => {
      const pods = await stage.pods(ns);
      fewest = Math.min(fewest, pods.filter((pod) => pod.isReady && !pod.isBeingDeleted).length);
      return (await stage.condition(ns))?.reason;
    };
    await eventually(watch, "SidecarInjectionSucceeded", STAGE_TIMEOUT_MS);
    await stage.untilInjected(ns, "app", 2);
    expect(fewest).toBe(2);
  });

  test("pods for nodes that are not there keep selector, tolerations and sidecar: a cluster may be about to grow", async () => {
    const ns = "harmless-nodes";
    const tolerations = [{ key: "spot", operator: "Equal", value: "true", effect: "NoSchedule" }];
    const shapes = {
      arm: { nodeSelector: { "kubernetes.io/arch": "arm64" } },
      spot: { nodeSelector: { spot: "true" }, tolerations },
    };
    await stage.apply(aNamespace(ns));
    for (const [name, podSpec] of Object.entries(shapes)) {
      await stage.apply(anApplication(ns, { name, podSpec }), aBackupOf(ns, { name }));
      const names = () => stage.templateNames(ns, "Deployment", name);
      await eventually(names, (all) => all.includes("stash"), STAGE_TIMEOUT_MS);
      const spec = valueAt(await stage.workload(ns, "Deployment", name), "spec", "template", "spec");
      expect(spec).toMatchObject(podSpec);
      expect(await heldOf(ns, name)).toBeUndefined();
    }
  });

  test("pods on Windows are left alone, with the reason", async () => {
    const ns = "harmless-windows";
    const podSpec = { nodeSelector: { "kubernetes.io/os": "windows" } };
    await stage.apply(aNamespace(ns), anApplication(ns, { podSpec }), aBackupOf(ns));
    expect(await stage.untilReason(ns, "OtherOperatingSystem")).toContain("runs Windows");
    expect(await stage.templateNames(ns)).toEqual(["app"]);
  });

  test("C10: a subPathExpr that no kubelet can expand in our container keeps it out", async () => {
    const ns = "harmless-expression";
    const target = { volumeMounts: [{ name: "data", mountPath: "/data", subPathExpr: "$(TENANT)" }] };
    await stage.apply(aNamespace(ns), anApplication(ns), aBackupOf(ns, { target }));
    expect(await stage.untilReason(ns, "MountUnusable")).toContain("no variable TENANT");
    expect((await podsOf(ns))[0]?.containers).toEqual(["app"]);
  });

  test("one who opted in by his own workload reads on it why it has no backup", async () => {
    const ns = "harmless-told";
    const metadata = {
      labels: { "stash.appscode.com/backup-batch": "nightly" },
      annotations: { "stash.appscode.com/volume-mounts": "data:/data", "stash.appscode.com/target-paths": "/data" },
    };
    await stage.apply(aNamespace(ns), anApplication(ns, { metadata }));
    expect(await stage.untilEvent(ns, "BatchMissing")).toContain(
      "label stash.appscode.com/backup-batch names BackupBatch",
    );
  });
});

describe.concurrent("a native sidecar by the workload's own annotation", () => {
  test("stands among the init-containers, and a backup that runs when its pod must end goes on in its grace", async () => {
    const ns = "harmless-native";
    const { client, dir } = cluster();
    const repository = join(dir, "native-repository");
    await mkdir(repository);
    const local = { mountPath: "/safe/repository", hostPath: { path: repository, type: "Directory" } };
    const backend = { local };
    const metadata = { annotations: { "stash.appscode.com/native-sidecar": "true" } };
    const podSpec = { terminationGracePeriodSeconds: 90 };
    // It ends as soon as it is told to: then the sidecar is told as well.
    const script =
      "trap 'exit 0' TERM; head -c 300000000 /dev/urandom >/data/file; while :; do sleep infinity & wait $!; done";
    const container = { command: ["sh", "-c", script] };
    await stage.apply(aNamespace(ns, { backend }), anApplication(ns, { metadata, podSpec, container, spec: RECREATE }));
    await stage.apply(aBackupOf(ns));
    const pod = await stage.untilInjected(ns);
    expect(pod?.containers).toEqual(["stash", "app"]);
    await execIn(ns, pod?.name ?? "", "app", [
      "sh",
      "-c",
      "until [ $(stat -c %s /data/file) = 300000000 ]; do sleep 1; done",
    ]);

    const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
    const runs = runsIn(client, ns, createPodExec({ connection }));
    await runs.untilReady("BackupConfiguration", "app");
    await runs.begin("app", "BackupConfiguration");
    const hostOf = async () => {
      const { status } = await client.get(KINDS.BackupSession, ns, "app-1", parseBackupSession);
      return { status, host: status?.targets?.[0]?.stats?.[0] };
    };
    await eventually(hostOf, ({ host }) => host?.phase === "Running", STAGE_TIMEOUT_MS);
    await client.delete(KUBERNETES.Pod, ns, pod?.name ?? "");
    const isOver = ({ status }: Awaited<ReturnType<typeof hostOf>>) => isFinalSessionPhase(status?.phase);
    const { status, host } = await eventually(hostOf, isOver, STAGE_TIMEOUT_MS);
    expect(status?.phase, JSON.stringify(status)).toBe("Succeeded");
    expect([host?.pod, host?.attempt, listAt(host, "formerPods")]).toEqual([pod?.name, 1, []]);
  }, 240_000);
});

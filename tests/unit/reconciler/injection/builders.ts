/** Views for the tests of invokers; each states only what matters to its case. */
import type { SidecarFacts } from "../../../../reconciler/invoker/sidecar-condition.ts";
import type { InvokerStatusView } from "../../../../reconciler/invoker/status-view.ts";
import type { PodObject } from "../../../../reconciler/world/pod-object.ts";
import { readWorkloadObject, type WorkloadObject } from "../../../../reconciler/world/workload-object.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import { parseRepository, type Repository } from "../../../../shared/api/repository.ts";
import type { InjectionPlan } from "../../../../shared/injection/plan.ts";
import { type BackupInvokerView, backupInvokerView } from "../../../../shared/invoker/object.ts";

const retentionPolicy = { name: "keep", prune: true };
const web = { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } };

export function aConfiguration(spec: object = {}): BackupInvokerView {
  return backupInvokerView(
    parseBackupConfiguration({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupConfiguration",
      metadata: { name: "nightly", namespace: "demo", uid: "uid", generation: 3 },
      spec: { schedule: "0 3 * * *", repository: { name: "repo" }, retentionPolicy, target: web, ...spec },
    }),
  );
}

export function aBatch(members: readonly object[]): BackupInvokerView {
  return backupInvokerView(
    parseBackupBatch({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupBatch",
      metadata: { name: "nightly", namespace: "demo", uid: "uid", generation: 3 },
      spec: { schedule: "0 3 * * *", repository: { name: "repo" }, retentionPolicy, members },
    }),
  );
}

export function aRepository(
  facts: { readonly namespace?: string; readonly spec?: object; readonly metadata?: object } = {},
): Repository {
  return parseRepository({
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "repo", namespace: facts.namespace ?? "demo", ...facts.metadata },
    spec: { backend: { storageSecretName: "backend" }, ...facts.spec },
  });
}

/** All that it needs is there. */
export function aStatusView(facts: Partial<InvokerStatusView> = {}): InvokerStatusView {
  const invoker = facts.invoker ?? aConfiguration();
  return {
    conditions: [],
    memberConditions: [],
    repository: aRepository(),
    secret: "found",
    namespaceLabels: {},
    trigger: { kind: "InProcess" },
    members: invoker.members.map((member) => ({ member, target: "found", sidecar: undefined })),
    ...facts,
    invoker,
  };
}

/** Image that is injected. */
export const IMAGE = "stash-batch:1";

export const HASH = "4711";

/** A plan that wants the sidecar. */
export function aPlan(facts: Partial<InjectionPlan> = {}): InjectionPlan {
  return {
    backup: {
      hash: HASH,
      container: {},
      args: ["run-backup"],
      volumes: [],
      invoker: { kind: "BackupConfiguration", namespace: "demo", name: "nightly", uid: "uid" },
      isNative: false,
    },
    reason: "Injected",
    problems: [],
    warnings: [],
    ...facts,
  };
}

/** A plan without sidecar. */
export function noPlan(reason: InjectionPlan["reason"], problems: InjectionPlan["problems"] = []): InjectionPlan {
  return { reason, problems, warnings: [] };
}

export interface WorkloadShape {
  readonly kind?: "Deployment" | "StatefulSet" | "DaemonSet";
  /** Hash that the template carries; no sidecar without it. */
  readonly applied?: string | undefined;
  readonly spec?: object;
  readonly status?: object;
  readonly metadata?: object;
}

export function aWorkload(shape: WorkloadShape = {}): WorkloadObject {
  const { kind = "Deployment", applied } = shape;
  const sidecar = applied === undefined ? [] : [{ name: "stash", args: ["run-backup"] }];
  const annotations = applied === undefined ? {} : { "stash.appscode.com/last-applied-backup-invoker-hash": applied };
  const workload = readWorkloadObject(kind, {
    metadata: { name: "web", namespace: "demo", uid: "workload-uid", generation: 2, ...shape.metadata },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" }, annotations },
        spec: { containers: [{ name: "app" }, ...sidecar] },
      },
      ...shape.spec,
    },
    status: { observedGeneration: 2, replicas: 2, currentNumberScheduled: 2, ...shape.status },
  });
  if (workload === undefined) throw new Error("no workload");
  return workload;
}

export function aPod(name: string, hash: string | undefined): PodObject {
  const agent = { isRunning: true, startedAtMs: 0, message: undefined, serves: undefined };
  return {
    namespace: "demo",
    name,
    uid: `uid-${name}`,
    nodeName: "node",
    podIp: "127.0.0.9",
    createdAtMs: 0,
    isReady: true,
    isTerminating: false,
    isEnded: false,
    containers: ["app"],
    sidecar: hash === undefined ? undefined : agent,
    restoreInit: undefined,
    labels: { app: "web" },
    backupHash: hash,
    holdup: undefined,
    owner: { kind: "StatefulSet", name: "web", uid: "workload-uid" },
  };
}

/** Two pods, both with the wanted sidecar. */
export function sidecarFacts(facts: Partial<SidecarFacts> = {}): SidecarFacts {
  return {
    workload: aWorkload({ applied: HASH }),
    wanted: { plan: aPlan(), isOptedOut: false, image: IMAGE },
    unreadable: undefined,
    pods: [aPod("web-0", HASH), aPod("web-1", HASH)],
    keptPods: [],
    record: undefined,
    refusal: undefined,
    trouble: undefined,
    pullSecrets: [],
    ...facts,
  };
}

/** Views of jobs that state only what a case is about, planned from the real catalogue. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { catalogueNames } from "../../../../reconciler/jobs/catalogue-names.ts";
import { type JobDecision, type JobPlan, planBackupJob, planRestoreJob } from "../../../../reconciler/jobs/plan.ts";
import type { BackupJobView, ResolvedTask, RestoreJobView } from "../../../../reconciler/jobs/view.ts";
import { parseAppBinding } from "../../../../shared/api/app-binding.ts";
import { parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import { type FunctionObject, parseFunction } from "../../../../shared/api/function.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { parseRestoreSession } from "../../../../shared/api/restore-session.ts";
import { parseTask, type Task } from "../../../../shared/api/task.ts";
import { backupInvokerView, restoreInvokerView } from "../../../../shared/invoker/object.ts";
import { isJsonObject, listAt, textAt, valueAt } from "../../../../shared/json/value.ts";

const CATALOGUE = join(import.meta.dirname, "../../../../manifests/catalog");

const documents = readdirSync(CATALOGUE)
  .filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml")
  .flatMap((file) => parseAllDocuments(readFileSync(join(CATALOGUE, file), "utf8")).map((doc): unknown => doc.toJS()));

export const tasks: readonly Task[] = documents.filter((doc) => textAt(doc, "kind") === "Task").map(parseTask);
export const functions: readonly FunctionObject[] = documents
  .filter((doc) => textAt(doc, "kind") === "Function")
  .map(parseFunction);

/** Task and Functions as reconciler/jobs/gather.ts finds them in the catalogue. */
export function resolved(name: string, params: Readonly<Record<string, string>> = {}): ResolvedTask {
  const task = catalogueNames(name).flatMap((wanted) => tasks.filter(({ metadata }) => metadata.name === wanted))[0];
  if (task === undefined) throw new Error(`the catalogue has no Task ${name}`);
  return withSteps(task, params, functions);
}

export function withSteps(
  task: Task,
  params: Readonly<Record<string, string>>,
  known: readonly FunctionObject[],
): ResolvedTask {
  const found = (task.spec.steps ?? []).map((step) => {
    const one = known.find(({ metadata }) => metadata.name === step.name);
    if (one === undefined) throw new Error(`there is no Function ${step.name}`);
    return one;
  });
  return { chosen: { name: task.metadata.name, params }, task, functions: found };
}

export const IMAGE = "registry.example.org/team/stash-batch:1.2";

const META = { namespace: "demo", uid: "uid-of-invoker", creationTimestamp: "2024-01-01T00:00:00Z" };

export const repository = parseRepository({
  apiVersion: "stash.appscode.com/v1alpha1",
  kind: "Repository",
  metadata: { name: "repo", namespace: "demo" },
  spec: {
    backend: {
      storageSecretName: "backend",
      s3: { endpoint: "s3.example.org", bucket: "b", prefix: "/p", region: "r" },
    },
  },
});

export const appBinding = parseAppBinding({
  apiVersion: "appcatalog.appscode.com/v1alpha1",
  kind: "AppBinding",
  metadata: { name: "db", namespace: "demo" },
  spec: {
    clientConfig: { service: { scheme: "mysql", name: "db", port: 3306 } },
    secret: { name: "db-auth" },
    tlsSecret: { name: "db-tls" },
  },
});

const common = {
  settings: { image: IMAGE, nativeSidecar: false, followsImage: false },
  namespace: { name: "demo", labels: {}, annotations: {} },
  repository,
  appBinding: undefined,
  claim: undefined,
  claimUsers: [],
  limitRanges: [],
  deadlineSeconds: undefined,
} as const;

type Spec = Readonly<Record<string, unknown>>;

export function aBackup(spec: Spec, change: Partial<BackupJobView> = {}): BackupJobView {
  const invoker = backupInvokerView(
    parseBackupConfiguration({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupConfiguration",
      metadata: { name: "nightly", ...META, labels: { team: "a" } },
      spec: {
        schedule: "0 3 * * *",
        repository: { name: "repo" },
        retentionPolicy: { name: "keep", keepLast: 3, prune: true },
        ...spec,
      },
    }),
  );
  const member = invoker.members[0];
  if (member === undefined) throw new Error("the invoker has no member");
  return {
    verb: "backup",
    ...common,
    owner: {
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupSession",
      namespace: "demo",
      name: "nightly-1714435200",
      uid: "uid-of-session",
    },
    invoker: { ...invoker, apiVersion: "stash.appscode.com/v1beta1" },
    member,
    task: undefined,
    ...change,
  };
}

export function aRestore(spec: Spec, change: Partial<RestoreJobView> = {}): RestoreJobView {
  const invoker = restoreInvokerView(
    parseRestoreSession({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreSession",
      metadata: { name: "back", ...META },
      spec: { repository: { name: "repo" }, ...spec },
    }),
  );
  const member = invoker.members[0];
  if (member === undefined) throw new Error("the invoker has no member");
  const apiVersion = "stash.appscode.com/v1beta1";
  return {
    verb: "restore",
    ...common,
    owner: { apiVersion, kind: "RestoreSession", namespace: "demo", name: "back", uid: "uid-of-restore" },
    invoker: { ...invoker, apiVersion },
    member,
    task: undefined,
    ordinal: undefined,
    ...change,
  };
}

export const DB_REF = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "db" };
export const PVC_REF = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "files" };

/** @throws the error of a plan that is refused */
export function planOf(view: BackupJobView | RestoreJobView): JobPlan {
  const decision: JobDecision = view.verb === "backup" ? planBackupJob(view) : planRestoreJob(view);
  if (decision.kind === "refused") throw decision.error;
  return decision.plan;
}

export function podOf(plan: JobPlan): Readonly<Record<string, unknown>> {
  const spec = valueAt(plan.job, "spec", "template", "spec");
  if (!isJsonObject(spec)) throw new Error("the job has no pod");
  return spec;
}

export function containersOf(plan: JobPlan): readonly unknown[] {
  return [...listAt(podOf(plan), "initContainers"), ...listAt(podOf(plan), "containers")];
}

/** The job that looks at what a drill has restored: all its volumes are mounted into it, and nothing else of the namespace. */
import type { DrillServer, DrillVolume } from "../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { RuntimeSettings } from "../../shared/api/runtime-settings.ts";
import { Command, LabelValue, Path } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { VOLUME_FILE_MODE } from "../../shared/injection/backend-volume.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { type JsonObject, objectsAt } from "../../shared/injection/workload.ts";
import type { BackupMemberView } from "../../shared/invoker/object.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { inNamespace } from "../authority.ts";
import { ensureJob } from "../jobs/ensure.ts";
import { gatherBackendClaim, gatherLimitRanges, gatherNamespace } from "../jobs/gather.ts";
import type { JobFact } from "../jobs/object.ts";
import type { JobPlan } from "../jobs/plan.ts";
import { planRepositoryJob } from "../jobs/plan-for-repository.ts";
import { accountName } from "../jobs/rights.ts";
import type { DrillJobView } from "../jobs/view.ts";
import { verifyJobName } from "./names.ts";
import { drillLabels, drillNameOf } from "./objects.ts";
import type { DrillView } from "./view.ts";

export interface VerifyJobPorts {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">;
  readonly settings: InjectionSettings;
}

/** @throws UserError when the job can't be made as things are; KubeError */
export async function makeVerifyJob(ports: VerifyJobPorts, view: DrillView, deadlineSeconds: number): Promise<JobFact> {
  const { client, settings } = ports;
  const { drill, repository } = view;
  const { namespace } = drill.metadata;
  if (repository === undefined) throw new UserError("NOT_FOUND", "the Repository of the invoker is gone");
  const local = repository.spec.backend?.local?.persistentVolumeClaim?.claimName;
  const isHere = repository.metadata.namespace === namespace;
  const [facts, limitRanges] = await Promise.all([
    gatherNamespace(client, namespace),
    gatherLimitRanges(client, namespace),
  ]);
  if (local !== undefined && isHere) await gatherBackendClaim(client, namespace, local);
  const jobView = drillJobView(view, repository, { settings, namespace: facts, limitRanges, deadlineSeconds });
  return ensureJob(
    inNamespace(client, namespace),
    planVerifyJob(jobView, drill.status ?? {}, verifyJobName(drillNameOf(drill))),
  );
}

/** Of the ServiceAccount, and of its Role and binding, that are made for the job. */
export function drillAccountName({ metadata }: Pick<DrillView["drill"], "metadata">): string {
  const { kind } = KINDS.BackupVerificationSession;
  return accountName({ invoker: { kind, name: metadata.name }, member: { index: 0 } });
}

/**
 * What the author of a verifier sets for its jobs, without variables of the container: one of them could put another program in the place
 * of restic, and what that says would be signed.
 */
function withoutVariables(settings: RuntimeSettings | undefined): RuntimeSettings | undefined {
  if (settings?.container === undefined) return settings;
  const { env: _env, envFrom: _envFrom, ...container } = settings.container;
  return { ...settings, container };
}

/** The view of a job that works for no member: it may read every file, as the job that backs a volume up may. */
export function drillJobView(
  { drill, verifier }: Pick<DrillView, "drill" | "verifier">,
  repository: Repository,
  facts: Pick<DrillJobView, "settings" | "namespace" | "limitRanges" | "deadlineSeconds">,
): DrillJobView {
  const { apiVersion, kind } = KINDS.BackupVerificationSession;
  const { namespace, name, uid = "" } = drill.metadata;
  const owner = { apiVersion, kind, namespace, name, uid };
  const [first] = drill.status?.volumes ?? [];
  const runtimeSettings = withoutVariables(verifier?.spec.runtimeSettings);
  const member: BackupMemberView = {
    index: 0,
    alias: undefined,
    ref: { apiVersion: "na", kind: "EmptyTarget", namespace, name: "na" },
    taskName: undefined,
    isSidecarModel: false,
    dependsOn: [],
    target: {},
    hooks: undefined,
    spec: runtimeSettings === undefined ? {} : { runtimeSettings },
    isLabelled: false,
  };
  return {
    ...facts,
    verb: "backup",
    owner,
    invoker: { ...owner, kind: "BackupVerificationSession", labels: drillLabels(drill) },
    member,
    repository,
    task: undefined,
    appBinding: undefined,
    claim: first && { name: first.claim, accessModes: ["ReadWriteOnce"] },
    claimUsers: [],
  };
}

/** Pure. @throws UserError BACKEND_INVALID */
export function planVerifyJob(view: DrillJobView, { volumes = [], servers = [] }: Made, name: string): JobPlan {
  const plan = planRepositoryJob(view, {
    name,
    user: `drill ${view.owner.namespace}/${view.owner.name}`,
    args: [Command.Verify],
    target: LabelValue.Verification,
    deadlineSeconds: view.deadlineSeconds,
    placement: {},
  });
  const mounts = [...drillMounts(volumes, true), ...servers.map(secretMount)];
  return { ...plan, job: withVolumes(plan.job, [...drillVolumes(volumes), ...servers.map(secretVolume)], mounts) };
}

interface Made {
  readonly volumes?: readonly DrillVolume[];
  readonly servers?: readonly DrillServer[];
}

function secretVolume({ name }: DrillServer, index: number): JsonObject {
  return { name: `server-${index}`, secret: { secretName: name, defaultMode: VOLUME_FILE_MODE, optional: true } };
}

function secretMount({ name }: DrillServer, index: number): JsonObject {
  return { name: `server-${index}`, mountPath: `${Path.Secrets}/${name}`, readOnly: true };
}

function volumeName(index: number): string {
  return `drill-${index}`;
}

export function drillVolumes(volumes: readonly DrillVolume[]): readonly JsonObject[] {
  return volumes.map(({ claim }, index) => ({
    name: volumeName(index),
    persistentVolumeClaim: { claimName: claim },
  }));
}

export function drillMounts(volumes: readonly DrillVolume[], isReadOnly: boolean): readonly JsonObject[] {
  return volumes.map(({ folder }, index) => ({
    name: volumeName(index),
    mountPath: folder,
    ...(isReadOnly && { readOnly: true }),
  }));
}

function withVolumes(job: JsonObject, volumes: readonly JsonObject[], mounts: readonly JsonObject[]): JsonObject {
  const path = ["spec", "template", "spec"] as const;
  const containers = objectsAt(job, ...path, "containers").map((container) => ({
    ...container,
    volumeMounts: [...objectsAt(container, "volumeMounts"), ...mounts],
  }));
  return edited(job, path, {
    containers,
    volumes: [...objectsAt(job, ...path, "volumes"), ...volumes],
  });
}

/** The object with fields of the one at a path replaced. */
function edited(object: JsonObject, [first, ...rest]: readonly string[], fields: JsonObject): JsonObject {
  if (first === undefined) return { ...object, ...fields };
  const [child = {}] = [object[first]].filter(isObject);
  return { ...object, [first]: edited(child, rest, fields) };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

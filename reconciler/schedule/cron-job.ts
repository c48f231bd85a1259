/** The CronJob of an invoker, for installations where Kubernetes triggers the sessions, and what its pod needs. Pure. */
import { KINDS } from "../../shared/api/kinds.ts";
import { Command, Container, Label, LabelValue, STASH_GROUP } from "../../shared/contract.ts";
import { shortHash } from "../../shared/hash.ts";
import { jobResources } from "../../shared/injection/container-resources.ts";
import type { LimitRange } from "../../shared/injection/limit-range.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { CRON_JOB_NAME_MAX_LENGTH, nameWithSuffix } from "../../shared/names.ts";
import { withoutOwnKeys } from "../../shared/own-keys.ts";
import type { Schedule } from "../../shared/schedule/parse.ts";
import { pullSecretFields } from "../jobs/pull-secrets.ts";
import type { BackupInvoker } from "./ports.ts";

/**
 * Where a CronJob's time zone stands: in a field of its own (Kubernetes 1.25), before the schedule's fields (1.22), or
 * nowhere: then it runs in the zone of the controller manager, which is UTC nearly everywhere.
 */
export type ZoneSupport = "field" | "prefix" | "none";

export function zoneSupport(minor: number): ZoneSupport {
  if (minor >= 25) return "field";
  return minor >= 22 ? "prefix" : "none";
}

export interface CronJobOrder {
  readonly invoker: BackupInvoker;
  readonly schedule: Schedule;
  readonly name: string;
  /** API version of CronJobs that the server has. */
  readonly apiVersion: string;
  readonly zones: ZoneSupport;
  readonly settings: Pick<InjectionSettings, "image" | "command" | "resources" | "pullSecrets">;
  /** Of the invoker's namespace. */
  readonly limitRanges: readonly LimitRange[];
}

const PREFIX = "stash-trigger";
/** A failed trigger is worth a look, a good one is not. */
const HISTORY = { successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 3 };
/** A trigger makes one call; its Job is gone soon after. */
const JOB_TTL_SECONDS = 600;
const JOB_DEADLINE_SECONDS = 300;

/**
 * Names that the CronJob may have, in the order of preference: upstream's, and one with a hash for when the first had to be cut
 * (two long names with the same ending would share it), or belongs to another invoker.
 */
export function cronJobNames({ kind, metadata }: BackupInvoker): readonly string[] {
  const plain = `${PREFIX}-${metadata.name.replaceAll(".", "-")}`;
  const hashed = nameWithSuffix(
    plain,
    shortHash(`${kind}/${metadata.namespace}/${metadata.name}`),
    CRON_JOB_NAME_MAX_LENGTH,
  );
  return plain.length <= CRON_JOB_NAME_MAX_LENGTH ? [plain, hashed] : [hashed];
}

export function buildCronJob(order: CronJobOrder) {
  const { invoker, schedule, apiVersion, zones } = order;
  const { spec } = invoker;
  return {
    apiVersion,
    kind: "CronJob",
    metadata: objectMeta(order),
    spec: {
      schedule: zones === "prefix" ? `TZ=${schedule.timeZone} ${schedule.cronText}` : schedule.cronText,
      ...(zones === "field" && { timeZone: schedule.timeZone }),
      suspend: spec.paused ?? false,
      concurrencyPolicy: "Forbid",
      ...HISTORY,
      ...(spec.startingDeadlineSeconds !== undefined && { startingDeadlineSeconds: spec.startingDeadlineSeconds }),
      jobTemplate: {
        metadata: { labels: labelsOf(invoker) },
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: JOB_DEADLINE_SECONDS,
          ttlSecondsAfterFinished: JOB_TTL_SECONDS,
          template: {
            metadata: { labels: labelsOf(invoker) },
            spec: { ...podSettings(order), restartPolicy: "Never", containers: [triggerContainer(order)] },
          },
        },
      },
    },
  };
}

/** Upstream applies the invoker's own runtime settings to the trigger's pod, all but labels and the made account's notes. */
function podSettings({ invoker, name, settings }: CronJobOrder): Readonly<Record<string, unknown>> {
  const {
    podLabels: _labels,
    podAnnotations: _annotations,
    serviceAccountAnnotations: _accountAnnotations,
    serviceAccountName,
    ...pod
  } = invoker.spec.runtimeSettings?.pod ?? {};
  const pulls = pullSecretFields({
    settings,
    namespace: invoker.metadata.namespace,
    asked: pod.imagePullSecrets,
    hasUsersAccount: Boolean(serviceAccountName),
  });
  return { ...pod, ...pulls, serviceAccountName: serviceAccountName || name };
}

function triggerContainer({ invoker, settings, limitRanges }: CronJobOrder): Readonly<Record<string, unknown>> {
  const { resources, env, envFrom, securityContext } = invoker.spec.runtimeSettings?.container ?? {};
  const restricted = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    runAsUser: 65534,
    seccompProfile: { type: "RuntimeDefault" },
  };
  return {
    name: Container.Trigger,
    image: settings.image,
    imagePullPolicy: "IfNotPresent",
    ...(settings.command !== undefined && { command: settings.command }),
    args: [Command.CreateBackupSession, `--invoker-name=${invoker.metadata.name}`, `--invoker-kind=${invoker.kind}`],
    securityContext: securityContext ?? restricted,
    resources: jobResources(settings.resources, limitRanges, resources),
    ...(env !== undefined && { env }),
    ...(envFrom !== undefined && { envFrom }),
  };
}

/** The ServiceAccount of the trigger's pod; undefined where the invoker names one. */
export function buildTriggerAccount(order: CronJobOrder) {
  if (order.invoker.spec.runtimeSettings?.pod?.serviceAccountName) return undefined;
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: objectMeta(order) };
}

/** What the trigger may do: read its invoker, and make sessions. */
export function buildTriggerRole(order: CronJobOrder) {
  const { invoker } = order;
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: objectMeta(order),
    rules: [
      {
        apiGroups: [STASH_GROUP],
        resources: [KINDS[invoker.kind].plural],
        resourceNames: [invoker.metadata.name],
        verbs: ["get"],
      },
      { apiGroups: [STASH_GROUP], resources: [KINDS.BackupSession.plural], verbs: ["create", "get"] },
    ],
  };
}

export function buildTriggerBinding(order: CronJobOrder) {
  const { namespace } = order.invoker.metadata;
  const account = order.invoker.spec.runtimeSettings?.pod?.serviceAccountName || order.name;
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: objectMeta(order),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: order.name },
    subjects: [{ kind: "ServiceAccount", name: account, namespace }],
  };
}

function objectMeta({ invoker, name }: CronJobOrder) {
  const { apiVersion, kind, metadata } = invoker;
  return {
    name,
    namespace: metadata.namespace,
    labels: labelsOf(invoker),
    ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? "", controller: true }],
  };
}

/** The invoker's own labels, and those by which everything made for a backup is known. */
function labelsOf({ metadata }: BackupInvoker): Readonly<Record<string, string>> {
  return {
    ...withoutOwnKeys(metadata.labels),
    [Label.Component]: LabelValue.ComponentBackup,
    [Label.ManagedBy]: LabelValue.ManagedBy,
  };
}

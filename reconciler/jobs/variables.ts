/** Values of the variables in Tasks and Functions. Pure. */
import type { Backend } from "../../shared/api/backend.ts";
import type { RetentionPolicy } from "../../shared/api/retention-policy.ts";
import { usedBackend } from "../../shared/backends.ts";
import { Path } from "../../shared/contract.ts";
import type { Variables } from "../../shared/invoker/substitution.ts";
import { isReservedVariable } from "../../shared/validation/reserved-variables.ts";
import { jobHostName } from "./host.ts";
import { splitImage } from "./image.ts";
import { matchingRule } from "./matching-rule.ts";
import type { JobView, RestoreJobView } from "./view.ts";

/** Undefined values have no variable: `${X}` is an error then, and `${X:=d}` is `d`. */
type Candidates = Readonly<Record<string, string | undefined>>;

function present(candidates: Candidates): Variables {
  const found: [string, string][] = [];
  for (const [name, value] of Object.entries(candidates)) if (value !== undefined) found.push([name, value]);
  return Object.fromEntries(found);
}

function joined(values: readonly string[] | undefined, separator: string): string | undefined {
  return values === undefined || values.length === 0 ? undefined : values.join(separator);
}

/**
 * All variables of a job, without those of a step. A parameter of the task wins only where the name is none of ours: what the
 * job works on is never its author's to say anew.
 *
 * @param retentionPolicy of the invoker; a restore has none
 */
export function buildVariables(view: JobView, retentionPolicy?: RetentionPolicy): Variables {
  return {
    ...present(commonVariables(view)),
    ...present(view.verb === "backup" ? backupVariables(view) : restoreVariables(view)),
    ...(retentionPolicy === undefined ? {} : present(retentionVariables(retentionPolicy))),
    ...ownParams(view.task?.chosen.params ?? {}),
  };
}

function ownParams(params: Variables): Variables {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !isReservedVariable(name)));
}

function commonVariables({ owner, invoker, repository, member, settings }: JobView): Candidates {
  const backend = repository.spec.backend ?? {};
  const { ref, target, spec } = member;
  const image = splitImage(settings.image);
  return {
    NAMESPACE: owner.namespace,
    INVOKER_KIND: invoker.kind,
    INVOKER_NAME: invoker.name,
    REPOSITORY_NAME: repository.metadata.name,
    REPOSITORY_NAMESPACE: repository.metadata.namespace,
    ...backendVariables(backend),
    REPOSITORY_SECRET_NAME: backend.storageSecretName || undefined,
    REPOSITORY_SECRET_NAMESPACE: backend.storageSecretName ? repository.metadata.namespace : undefined,
    TARGET_KIND: ref.kind || undefined,
    TARGET_NAME: ref.name || undefined,
    TARGET_NAMESPACE: ref.namespace || undefined,
    TARGET_MOUNT_PATH: target.volumeMounts?.[0]?.mountPath ?? Path.PvcTarget,
    DRIVER_ARGS: joined(target.args, " "),
    INTERIM_DATA_DIR:
      spec.interimVolumeTemplate === undefined ? `${Path.Scratch}/stash-interim-volume/data` : `${Path.Interim}/data`,
    ENABLE_CACHE: String(spec.tempDir?.disableCaching !== true),
    STASH_IMAGE: settings.image,
    STASH_DOCKER_REGISTRY: image.registry,
    STASH_DOCKER_IMAGE: image.name,
    STASH_IMAGE_TAG: image.tag,
    LICENSE_APISERVICE: "",
    PROMETHEUS_PUSHGATEWAY_URL: "",
    PROMETHEUS_JOB_NAME: invoker.name,
  };
}

/** What upstream's programs are told of a repository. */
function backendVariables(backend: Backend): Candidates {
  const used = usedBackend(backend);
  const { bucket = "", prefix = "", endpoint, region, insecureTls = false, maxConnections = 0 } = used?.store ?? {};
  return {
    REPOSITORY_PROVIDER: used?.name ?? "",
    REPOSITORY_BUCKET: bucket,
    REPOSITORY_PREFIX: prefix,
    REPOSITORY_ENDPOINT: endpoint,
    REPOSITORY_REGION: region,
    REPOSITORY_INSECURE_TLS: String(insecureTls),
    MAX_CONNECTIONS: String(maxConnections),
  };
}

function backupVariables(view: Extract<JobView, { verb: "backup" }>): Candidates {
  const { target } = view.member;
  return {
    BACKUP_SESSION: view.owner.name,
    TARGET_PATHS: joined(target.paths, ",") ?? Path.PvcTarget,
    EXCLUDE_PATTERNS: joined(target.exclude, ","),
    HOSTNAME: jobHostName(view),
  };
}

function restoreVariables(view: RestoreJobView): Candidates {
  const { target, ref } = view.member;
  const rule = matchingRule(view);
  return {
    RESTORE_SESSION: view.owner.name,
    TARGET_NAME: ref.name || target.volumeClaimTemplates?.[0]?.metadata?.name || undefined,
    TARGET_APP_REPLICAS: String(target.replicas ?? 1),
    EXCLUDE_PATTERNS: rule?.exclude?.join(",") ?? "",
    INCLUDE_PATTERNS: rule?.include?.join(",") ?? "",
    RESTORE_PATHS: rule?.paths?.join(",") ?? "",
    RESTORE_SNAPSHOTS: rule?.snapshots?.join(",") ?? "",
    HOSTNAME: jobHostName(view),
    SOURCE_HOSTNAME: rule?.sourceHost || jobHostName(view),
    POD_ORDINAL: view.ordinal === undefined ? undefined : String(view.ordinal),
  };
}

function retentionVariables(policy: RetentionPolicy): Candidates {
  const positive = (count: number | undefined) => (count !== undefined && count > 0 ? String(count) : undefined);
  return {
    RETENTION_KEEP_LAST: positive(policy.keepLast),
    RETENTION_KEEP_HOURLY: positive(policy.keepHourly),
    RETENTION_KEEP_DAILY: positive(policy.keepDaily),
    RETENTION_KEEP_WEEKLY: positive(policy.keepWeekly),
    RETENTION_KEEP_MONTHLY: positive(policy.keepMonthly),
    RETENTION_KEEP_YEARLY: positive(policy.keepYearly),
    RETENTION_KEEP_TAGS: joined(policy.keepTags, ","),
    RETENTION_PRUNE: policy.prune === true ? "true" : undefined,
    RETENTION_DRY_RUN: policy.dryRun === true ? "true" : undefined,
  };
}

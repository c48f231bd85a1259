/** Volumes through which the injected container reaches a repository: the backend Secret, and a local backend's volume. */
import type { LocalBackend } from "../api/backend.ts";
import type { VolumeMount } from "../api/kubernetes/volume.ts";
import type { Repository } from "../api/repository.ts";
import { Path, Volume } from "../contract.ts";
import { canonicalJson, shortHash } from "../hash.ts";
import { secretNameBeside } from "../repository/backend-secret.ts";
import { findLocalBackendFault } from "../repository/local-backend.ts";
import type { InjectionProblem, NamespaceFacts } from "./view.ts";
import type { JsonObject } from "./workload.ts";

/** The API server's own default, 0644: the container's user is rarely the files' owner, and nothing else mounts them. */
export const VOLUME_FILE_MODE = 420;

/** A volume of the pod and its place in our container. */
export interface MountedVolume {
  /** What it was made from. */
  readonly origin: JsonObject;
  readonly volume: JsonObject;
  readonly mount: VolumeMount;
}

/** Name of the backend Secret, or its copy, beside a workload. @returns undefined when the backend names none */
export function backendSecretName(repository: Repository, namespace: string): string | undefined {
  const name = repository.spec.backend?.storageSecretName;
  return name ? secretNameBeside(name, repository.metadata.namespace, namespace) : undefined;
}

/** Names are hashes; a Repository, which never changes in memory, keeps its own. The key within is the namespace. */
const knownVolumes = new WeakMap<Repository, Map<string, readonly MountedVolume[]>>();

/** Volumes for one Repository. The Secret is optional: without it the backup fails, and the application starts. */
export function backendVolumes(repository: Repository, namespace: string): readonly MountedVolume[] {
  const known = knownVolumes.get(repository) ?? new Map<string, readonly MountedVolume[]>();
  const found = known.get(namespace);
  if (found !== undefined) return found;
  const volumes = buildBackendVolumes(repository, namespace);
  knownVolumes.set(repository, known.set(namespace, volumes));
  return volumes;
}

function buildBackendVolumes(repository: Repository, namespace: string): readonly MountedVolume[] {
  const secret = backendSecretName(repository, namespace);
  const local = repository.spec.backend?.local;
  return [
    ...(secret === undefined ? [] : [secretVolume(secret)]),
    ...(local === undefined ? [] : [localVolume(local)]),
  ];
}

function secretVolume(secretName: string): MountedVolume {
  const name = `${Volume.SecretPrefix}${shortHash(secretName)}`;
  return {
    origin: { secretName },
    volume: { name, secret: { secretName, defaultMode: VOLUME_FILE_MODE, optional: true } },
    mount: { name, mountPath: `${Path.Secrets}/${secretName}`, readOnly: true },
  };
}

function localVolume(local: LocalBackend): MountedVolume {
  const { mountPath, subPath, ...source } = local;
  const name = `${Volume.LocalPrefix}${shortHash(canonicalJson(source))}`;
  return {
    origin: { ...local },
    volume: { name, ...source },
    mount: { name, mountPath, ...(subPath !== undefined && subPath !== "" && { subPath }) },
  };
}

const ENFORCED_PROFILE = "pod-security.kubernetes.io/enforce";

/** Whether Pod Security refuses pods of the namespace that do not meet the profile `restricted`. */
export function enforcesRestricted(namespace: NamespaceFacts): boolean {
  return namespace.labels[ENFORCED_PROFILE] === "restricted";
}

/** Volume sources that Pod Security `restricted` lets through. */
const RESTRICTED_SOURCES: readonly string[] = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** Finds what would keep the workload's pods from being made if the backend's volume were added to them. */
export function findBackendProblem(
  repository: Repository,
  namespace: NamespaceFacts,
  who: string,
): InjectionProblem | undefined {
  const { local } = repository.spec.backend ?? {};
  if (local === undefined) return undefined;
  const { mountPath: _, subPath: __, ...source } = local;
  const kinds = Object.keys(source);
  const where = `${who}: the local backend of Repository ${repository.metadata.namespace}/${repository.metadata.name}`;
  if (kinds.length === 0) {
    return { reason: "BackendUnusable", message: `${where} names no volume`, next: "Set one volume source in it." };
  }
  const misplaced = findLocalBackendFault(local);
  if (misplaced !== undefined) {
    return {
      reason: "BackendUnusable",
      message: `${where} can't be mounted: ${misplaced.field} ${misplaced.why}`,
      next: `Let the Repository's owner choose a path such as ${Path.LocalBackends}/data.`,
    };
  }
  const home = repository.metadata.namespace;
  const isClaim = local.persistentVolumeClaim !== undefined;
  if (isClaim && home !== namespace.name) {
    return {
      reason: "BackendUnusable",
      message: `${where} is a volume claim of namespace ${home}, which pods of ${namespace.name} can't mount`,
      next: "Use a Repository of the workload's own namespace, or a network volume.",
    };
  }
  const profile = namespace.labels[ENFORCED_PROFILE];
  const isRefused =
    (profile === "baseline" && kinds.includes("hostPath")) ||
    (profile === "restricted" && kinds.some((kind) => !RESTRICTED_SOURCES.includes(kind)));
  if (!isRefused) return undefined;
  return {
    reason: "BackendUnusable",
    message: `${where} is a ${kinds.join(", ")} volume, which Pod Security ${profile} refuses in ${namespace.name}`,
    next: "Use a volume claim or an object store.",
  };
}

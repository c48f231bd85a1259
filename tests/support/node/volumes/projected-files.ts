/** The files of secret, configMap, downwardAPI and projected volumes, gathered from the API server. */
import type {
  V1DownwardAPIVolumeFile,
  V1KeyToPath,
  V1Pod,
  V1Volume,
  V1VolumeProjection,
} from "@kubernetes/client-node";
import type { ObjectReader } from "../pod/container-env.ts";
import { type PodFacts, readField, readResource } from "../pod/field-refs.ts";
import type { VolumeFile, VolumeFiles } from "./atomic-folder.ts";
import type { PodTokens } from "./pod-tokens.ts";

export interface ProjectionContext {
  readonly tokens: PodTokens;
  readonly reader: ObjectReader;
  readonly facts: PodFacts;
}

const DEFAULT_MODE = 0o644;
const DEFAULT_TOKEN_SECONDS = 3_600;

/**
 * @returns undefined for volumes of other kinds
 * @throws Error when an object or key is missing that is not optional
 */
export async function gatherVolumeFiles(
  context: ProjectionContext,
  pod: V1Pod,
  volume: V1Volume,
): Promise<VolumeFiles | undefined> {
  const { secret, configMap, downwardAPI, projected } = volume;
  if (secret) {
    const source = { ...secret, name: secret.secretName ?? "" };
    return await gatherSources(context, pod, [{ secret: source }], secret.defaultMode);
  }
  if (configMap) return await gatherSources(context, pod, [{ configMap }], configMap.defaultMode);
  if (downwardAPI) return await gatherSources(context, pod, [{ downwardAPI }], downwardAPI.defaultMode);
  if (projected) return await gatherSources(context, pod, projected.sources ?? [], projected.defaultMode);
  return undefined;
}

async function gatherSources(
  context: ProjectionContext,
  pod: V1Pod,
  sources: readonly V1VolumeProjection[],
  defaultMode = DEFAULT_MODE,
): Promise<VolumeFiles> {
  const namespace = pod.metadata?.namespace ?? "";
  const files = new Map<string, VolumeFile>();
  for (const { secret, configMap, downwardAPI, serviceAccountToken } of sources) {
    if (secret) {
      const object = await context.reader.secret(namespace, secret.name ?? "");
      const data = object && decodeAll(object.data ?? {}, "base64");
      put(files, `secret "${secret.name}"`, data, secret.items, secret.optional === true, defaultMode);
    }
    if (configMap) {
      const object = await context.reader.configMap(namespace, configMap.name ?? "");
      const texts = object && decodeAll(object.data ?? {}, "utf8");
      const data = texts && new Map([...texts, ...decodeAll(object.binaryData ?? {}, "base64")]);
      put(files, `configmap "${configMap.name}"`, data, configMap.items, configMap.optional === true, defaultMode);
    }
    for (const item of downwardAPI?.items ?? []) {
      const data = Buffer.from(readDownward(context, pod, item));
      files.set(item.path, { data, mode: item.mode ?? defaultMode });
    }
    if (serviceAccountToken) {
      const seconds = serviceAccountToken.expirationSeconds ?? DEFAULT_TOKEN_SECONDS;
      const token = await context.tokens.get(pod, serviceAccountToken.audience, seconds);
      files.set(serviceAccountToken.path, { data: Buffer.from(token), ...tokenOwner(pod, defaultMode) });
    }
  }
  return files;
}

function decodeAll(data: Readonly<Record<string, string>>, encoding: BufferEncoding): Map<string, Buffer> {
  return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)]));
}

function put(
  files: Map<string, VolumeFile>,
  what: string,
  data: ReadonlyMap<string, Buffer> | undefined,
  items: readonly V1KeyToPath[] | undefined,
  isOptional: boolean,
  defaultMode: number,
): void {
  if (data === undefined) {
    if (isOptional) return;
    throw new Error(`${what} not found`);
  }
  const wanted = items ?? [...data.keys()].map((key): V1KeyToPath => ({ key, path: key }));
  for (const item of wanted) {
    const value = data.get(item.key);
    if (value !== undefined) files.set(item.path, { data: value, mode: item.mode ?? defaultMode });
    else if (!isOptional) throw new Error(`${what} references non-existent key: ${item.key}`);
  }
}

function readDownward(context: ProjectionContext, pod: V1Pod, item: V1DownwardAPIVolumeFile): string {
  if (item.fieldRef) return readField(pod, context.facts, item.fieldRef.fieldPath);
  if (item.resourceFieldRef) return readResource(pod, context.facts, item.resourceFieldRef);
  return "";
}

/** A token is for its user alone, where one user can be told; with fsGroup the group's reading is added later. */
function tokenOwner(pod: V1Pod, defaultMode: number): { mode: number; uid?: number } {
  const { securityContext, containers = [], initContainers = [] } = pod.spec ?? {};
  if (securityContext?.fsGroup !== undefined) return { mode: 0o600 };
  const users = new Set(
    [...containers, ...initContainers].map(
      (container) => container.securityContext?.runAsUser ?? securityContext?.runAsUser,
    ),
  );
  const [only] = users;
  return users.size === 1 && only !== undefined ? { mode: 0o600, uid: only } : { mode: defaultMode };
}

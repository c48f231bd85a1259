/** The environment that a container gets besides its image's, as the pod's spec and the objects that it names give it. */
import type { V1ConfigMap, V1Container, V1EnvFromSource, V1EnvVar, V1Pod, V1Secret } from "@kubernetes/client-node";
import { expandReferences } from "./expansion.ts";
import { type PodFacts, readField, readResource } from "./field-refs.ts";

/** Reads the newest state of objects that a pod names; undefined when one does not exist. */
export interface ObjectReader {
  secret(namespace: string, name: string): Promise<V1Secret | undefined>;
  configMap(namespace: string, name: string): Promise<V1ConfigMap | undefined>;
}

/** The spec names something that is not there; the kubelet's `CreateContainerConfigError`. */
export class ContainerConfigError extends Error {}

export interface EnvOptions {
  readonly pod: V1Pod;
  readonly container: V1Container;
  readonly facts: PodFacts;
  readonly reader: ObjectReader;
  /** Variables of Services; the spec's own win over them. */
  readonly services: ReadonlyMap<string, string>;
}

/** @throws ContainerConfigError for a missing Secret, ConfigMap or key that is not optional */
export async function gatherEnv(options: EnvOptions): Promise<Map<string, string>> {
  const { container } = options;
  const env = new Map(options.services);
  for (const source of container.envFrom ?? []) {
    for (const [name, value] of await readEnvFrom(options, source)) env.set(name, value);
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await readValueFrom(options, variable)
      : expandReferences(variable.value ?? "", env);
    if (value !== undefined) env.set(variable.name, value);
  }
  return env;
}

async function readEnvFrom(
  options: EnvOptions,
  source: V1EnvFromSource,
): Promise<readonly (readonly [string, string])[]> {
  const ref = source.secretRef ?? source.configMapRef;
  const data = await readData(options, source.secretRef?.name, source.configMapRef?.name, ref?.optional === true);
  return [...data].map(([key, value]) => [`${source.prefix ?? ""}${key}`, value] as const);
}

async function readValueFrom(options: EnvOptions, variable: V1EnvVar): Promise<string | undefined> {
  const { pod, facts, container } = options;
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = variable.valueFrom ?? {};
  try {
    if (fieldRef) return readField(pod, facts, fieldRef.fieldPath);
    if (resourceFieldRef) return readResource(pod, facts, resourceFieldRef, container);
  } catch (error) {
    throw new ContainerConfigError(`env ${variable.name}: ${error instanceof Error ? error.message : error}`);
  }
  const ref = secretKeyRef ?? configMapKeyRef;
  if (ref === undefined) return undefined;
  const isOptional = ref.optional === true;
  const data = await readData(options, secretKeyRef?.name, configMapKeyRef?.name, isOptional);
  const value = data.get(ref.key);
  if (value === undefined && !isOptional) {
    const kind = secretKeyRef ? "Secret" : "ConfigMap";
    throw new ContainerConfigError(`couldn't find key ${ref.key} in ${kind} ${pod.metadata?.namespace}/${ref.name}`);
  }
  return value;
}

async function readData(
  options: EnvOptions,
  secret: string | undefined,
  configMap: string | undefined,
  isOptional: boolean,
): Promise<ReadonlyMap<string, string>> {
  const namespace = options.pod.metadata?.namespace ?? "";
  const found = await (secret !== undefined
    ? options.reader.secret(namespace, secret).then((object) => object && decodeBase64(object.data ?? {}))
    : options.reader
        .configMap(namespace, configMap ?? "")
        .then((object) => object && new Map(Object.entries(object.data ?? {}))));
  if (found !== undefined) return found;
  if (isOptional) return new Map();
  throw new ContainerConfigError(`${secret === undefined ? "configmap" : "secret"} "${secret ?? configMap}" not found`);
}

function decodeBase64(data: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]));
}

/** The kinds that the process node reads, parsed where they enter from the wire. */
import type {
  V1ConfigMap,
  V1Endpoints,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1Secret,
  V1Service,
  V1StorageClass,
} from "@kubernetes/client-node";
import { ObjectSerializer } from "@kubernetes/client-node/dist/gen/models/ObjectSerializer.js";

export interface Kinds {
  readonly V1ConfigMap: V1ConfigMap;
  readonly V1Endpoints: V1Endpoints;
  readonly V1PersistentVolume: V1PersistentVolume;
  readonly V1PersistentVolumeClaim: V1PersistentVolumeClaim;
  readonly V1Pod: V1Pod;
  readonly V1Secret: V1Secret;
  readonly V1Service: V1Service;
  readonly V1StorageClass: V1StorageClass;
}

export function parseKind<K extends keyof Kinds>(kind: K, value: unknown): Kinds[K] {
  return ObjectSerializer.deserialize(value, kind, "");
}

/** @throws Error when the value is no JSON object */
export function parseRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("expected a JSON object");
  return Object.fromEntries(Object.entries(value));
}

export interface ListAnswer {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
}

export function parseList(value: unknown): ListAnswer {
  const list = parseRecord(value);
  const items = list["items"];
  return {
    items: Array.isArray(items) ? items : [],
    resourceVersion: `${parseRecord(list["metadata"])["resourceVersion"]}`,
  };
}

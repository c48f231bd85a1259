/** apiVersion, kind and metadata, as far as we use them. */
import type { KindEntry } from "./kinds.ts";
import { flag, int64, list, literal, object, optional, stringMap, text, time, type Value } from "./schema.ts";

export const ownerReferenceSchema = object({
  apiVersion: text,
  kind: text,
  name: text,
  uid: text,
  controller: optional(flag),
  blockOwnerDeletion: optional(flag),
});
export type OwnerReference = Value<typeof ownerReferenceSchema>;

const sharedMetadata = {
  name: text,
  uid: optional(text),
  resourceVersion: optional(text),
  generation: optional(int64),
  creationTimestamp: optional(time),
  deletionTimestamp: optional(time),
  labels: optional(stringMap),
  annotations: optional(stringMap),
  finalizers: optional(list(text)),
  ownerReferences: optional(list(ownerReferenceSchema)),
};

/** Metadata of a namespaced object. An admission review may lack name or namespace: fill them in before parsing. */
export const objectMetaSchema = object({ ...sharedMetadata, namespace: text });
export type ObjectMeta = Value<typeof objectMetaSchema>;

/** Metadata of a cluster-wide object. */
export const clusterObjectMetaSchema = object(sharedMetadata);
export type ClusterObjectMeta = Value<typeof clusterObjectMetaSchema>;

/** The two fields that say what an object is. */
export function typeMeta<const Entry extends KindEntry>(entry: Entry) {
  return {
    apiVersion: literal<Entry["apiVersion"]>(entry.apiVersion),
    kind: literal<Entry["kind"]>(entry.kind),
  };
}

/** apiVersion, kind and metadata, as far as we use them. */
import type { KindEntry } from "./kinds.ts";
import { flag, int64, list, literal, object, optional, required, stringMap, text, time, type Value } from "./schema.ts";

export const ownerReferenceSchema = object({
  apiVersion: required(text, "API version of the owner."),
  kind: required(text, "Its kind."),
  name: required(text, "Its name."),
  uid: required(text, "Its uid."),
  controller: optional(flag, "Whether it is the one controller."),
  blockOwnerDeletion: optional(flag, "Whether it waits for this object when it is deleted in the foreground."),
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

/** The two fields that say what an object is. */
export function typeMeta<const Entry extends KindEntry>(entry: Entry) {
  return {
    apiVersion: literal<Entry["apiVersion"]>(entry.apiVersion),
    kind: literal<Entry["kind"]>(entry.kind),
  };
}

/** A PersistentVolumeClaim to be made. Its metadata is kept, unlike that of an embedded core claim. */
import { ownerReferenceSchema } from "../object-meta.ts";
import {
  anyObject,
  list,
  namespaceText,
  nameText,
  object,
  openObject,
  optional,
  required,
  stringMap,
  text,
  type Value,
} from "../schema.ts";
import { labelSelectorSchema } from "./label-selector.ts";
import { resourcesSchema } from "./pod.ts";

const volumeClaimSpecSchema = openObject({
  accessModes: optional(list(text), "How the volume can be mounted."),
  resources: optional(resourcesSchema, "How large the volume must be."),
  storageClassName: optional(nameText, "StorageClass; the default when unset."),
  volumeName: optional(nameText, "The PersistentVolume that is wanted."),
  volumeMode: optional(text, "Filesystem or Block."),
  selector: optional(labelSelectorSchema, "Labels of PersistentVolumes that may be taken."),
  dataSource: optional(
    openObject({
      apiGroup: optional(text, "API group; empty for a claim."),
      kind: required(nameText, "Kind."),
      name: required(nameText, "Name."),
    }),
    "What the volume is filled from.",
  ),
});

export const volumeClaimTemplateSchema = object({
  apiVersion: optional(nameText, "v1."),
  kind: optional(nameText, "PersistentVolumeClaim."),
  metadata: optional(
    object({
      name: optional(nameText, "Name of the claim."),
      generateName: optional(nameText, "Beginning of its name."),
      namespace: optional(namespaceText, "Its namespace."),
      labels: optional(stringMap, "Its labels."),
      annotations: optional(stringMap, "Its annotations."),
      ownerReferences: optional(list(ownerReferenceSchema), "What it is deleted with."),
    }),
    "Name, labels and annotations of the claim.",
  ),
  spec: optional(volumeClaimSpecSchema, "What is claimed."),
  status: optional(anyObject, "Not read."),
});
export type VolumeClaimTemplate = Value<typeof volumeClaimTemplateSchema>;

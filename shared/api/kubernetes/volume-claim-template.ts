/** A PersistentVolumeClaim to be made. Its metadata is kept, unlike that of an embedded core claim. */
import { ownerReferenceSchema } from "../object-meta.ts";
import { anyObject, list, object, openObject, optional, stringMap, text, type Value } from "../schema.ts";
import { labelSelectorSchema } from "./label-selector.ts";
import { resourcesSchema } from "./pod.ts";

export const volumeClaimSpecSchema = openObject({
  accessModes: optional(list(text)),
  resources: optional(resourcesSchema),
  storageClassName: optional(text),
  volumeName: optional(text),
  volumeMode: optional(text),
  selector: optional(labelSelectorSchema),
  dataSource: optional(openObject({ apiGroup: optional(text), kind: text, name: text })),
});
export type VolumeClaimSpec = Value<typeof volumeClaimSpecSchema>;

export const volumeClaimTemplateSchema = object({
  apiVersion: optional(text),
  kind: optional(text),
  metadata: optional(
    object({
      name: optional(text),
      generateName: optional(text),
      namespace: optional(text),
      labels: optional(stringMap),
      annotations: optional(stringMap),
      ownerReferences: optional(list(ownerReferenceSchema)),
    }),
    "Name, labels and annotations of the claim.",
  ),
  spec: optional(volumeClaimSpecSchema, "What is claimed."),
  status: optional(anyObject),
});
export type VolumeClaimTemplate = Value<typeof volumeClaimTemplateSchema>;

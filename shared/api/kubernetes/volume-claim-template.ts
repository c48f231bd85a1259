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
  stringMap,
  text,
  type Value,
} from "../schema.ts";
import { labelSelectorSchema } from "./label-selector.ts";
import { resourcesSchema } from "./pod.ts";

export const volumeClaimSpecSchema = openObject({
  accessModes: optional(list(text)),
  resources: optional(resourcesSchema),
  storageClassName: optional(nameText),
  volumeName: optional(nameText),
  volumeMode: optional(text),
  selector: optional(labelSelectorSchema),
  dataSource: optional(openObject({ apiGroup: optional(text), kind: nameText, name: nameText })),
});
export type VolumeClaimSpec = Value<typeof volumeClaimSpecSchema>;

export const volumeClaimTemplateSchema = object({
  apiVersion: optional(nameText),
  kind: optional(nameText),
  metadata: optional(
    object({
      name: optional(nameText),
      generateName: optional(nameText),
      namespace: optional(namespaceText),
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

/** Volumes and mounts that our kinds embed. Only fields that we read are named; all others are kept. */
import { anyObject, flag, nameText, openObject, optional, quantity, text, type Value } from "../schema.ts";

export const volumeMountSchema = openObject({
  name: nameText,
  mountPath: text,
  subPath: optional(text),
  subPathExpr: optional(text),
  readOnly: optional(flag),
  mountPropagation: optional(text),
});
export type VolumeMount = Value<typeof volumeMountSchema>;

export const volumeDeviceSchema = openObject({ name: nameText, devicePath: text });
export type VolumeDevice = Value<typeof volumeDeviceSchema>;

/** The sources that we look into; every other source is kept as it came. */
export const volumeSourceProperties = {
  hostPath: optional(openObject({ path: text, type: optional(text) })),
  emptyDir: optional(openObject({ medium: optional(text), sizeLimit: optional(quantity) })),
  nfs: optional(openObject({ server: text, path: text, readOnly: optional(flag) })),
  persistentVolumeClaim: optional(openObject({ claimName: nameText, readOnly: optional(flag) })),
  secret: optional(openObject({ secretName: optional(nameText), optional: optional(flag) })),
  configMap: optional(openObject({ name: optional(nameText), optional: optional(flag) })),
  csi: optional(anyObject),
};

export const volumeSchema = openObject({ name: nameText, ...volumeSourceProperties });
export type Volume = Value<typeof volumeSchema>;

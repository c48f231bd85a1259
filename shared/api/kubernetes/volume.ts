/** Volumes and mounts that our kinds embed. Only fields that we read are named; all others are kept. */
import { anyObject, flag, nameText, openObject, optional, quantity, required, text, type Value } from "../schema.ts";

export const volumeMountSchema = openObject({
  name: required(nameText, "Name of the volume."),
  mountPath: required(text, "Where it is mounted."),
  subPath: optional(text, "Folder of the volume that is mounted."),
  subPathExpr: optional(text, "The same, with variables of the container."),
  readOnly: optional(flag, "Whether it can't be written."),
  mountPropagation: optional(text, "How mounts are shared with the node."),
});
export type VolumeMount = Value<typeof volumeMountSchema>;

export const volumeDeviceSchema = openObject({
  name: required(nameText, "Name of the claim."),
  devicePath: required(text, "Path of the device in the container."),
});

/** The sources that we look into; every other source is kept as it came. */
export const volumeSourceProperties = {
  hostPath: optional(
    openObject({ path: required(text, "Path on the node."), type: optional(text, "What must be there.") }),
    "A folder of the node.",
  ),
  emptyDir: optional(
    openObject({
      medium: optional(text, "Memory, or the node's disk when empty."),
      sizeLimit: optional(quantity, "The most that it may hold."),
    }),
    "A folder that lives as long as the pod.",
  ),
  nfs: optional(
    openObject({
      server: required(text, "Address of the server."),
      path: required(text, "Path on the server."),
      readOnly: optional(flag, "Whether it can't be written."),
    }),
    "A folder of an NFS server.",
  ),
  persistentVolumeClaim: optional(
    openObject({
      claimName: required(nameText, "Name of the claim."),
      readOnly: optional(flag, "Whether it can't be written."),
    }),
    "A PersistentVolumeClaim of the same namespace.",
  ),
  secret: optional(
    openObject({
      secretName: optional(nameText, "Name of the Secret."),
      optional: optional(flag, "Whether it may be missing."),
    }),
    "Keys of a Secret as files.",
  ),
  configMap: optional(
    openObject({
      name: optional(nameText, "Name of the ConfigMap."),
      optional: optional(flag, "Whether it may be missing."),
    }),
    "Keys of a ConfigMap as files.",
  ),
  csi: optional(anyObject, "A volume of a CSI driver."),
};

export const volumeSchema = openObject({ name: required(nameText, "Name of the volume."), ...volumeSourceProperties });
export type Volume = Value<typeof volumeSchema>;

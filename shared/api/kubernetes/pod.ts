/** Parts of a pod that our kinds embed. Only fields that we read are named; all others are kept. */
import {
  defaulted,
  flag,
  int32,
  int64,
  list,
  nameText,
  openObject,
  optional,
  quantityMap,
  required,
  text,
  type Value,
} from "../schema.ts";

export const localObjectRefSchema = openObject({
  name: optional(nameText, "Name of an object in the same namespace."),
});

const keyRefSchema = openObject({
  name: optional(nameText, "Name of the object, in the same namespace."),
  key: required(text, "Key in its data."),
  optional: optional(flag, "Whether object and key may be missing."),
});

export const envVarSchema = openObject({
  name: required(nameText, "Name of the variable."),
  value: optional(text, "Its value."),
  valueFrom: optional(
    openObject({
      configMapKeyRef: optional(keyRefSchema, "A key of a ConfigMap."),
      secretKeyRef: optional(keyRefSchema, "A key of a Secret."),
      fieldRef: optional(
        openObject({
          apiVersion: optional(nameText, "API version of the path."),
          fieldPath: required(text, "Path of the field."),
        }),
        "A field of the pod.",
      ),
    }),
    "Where its value comes from.",
  ),
});
export type EnvVar = Value<typeof envVarSchema>;

const sourceRefSchema = openObject({
  name: optional(nameText, "Name of the object, in the same namespace."),
  optional: optional(flag, "Whether it may be missing."),
});

export const envFromSchema = openObject({
  prefix: optional(text, "Put before each key."),
  configMapRef: optional(sourceRefSchema, "All keys of a ConfigMap."),
  secretRef: optional(sourceRefSchema, "All keys of a Secret."),
});
export type EnvFrom = Value<typeof envFromSchema>;

export const resourcesSchema = openObject({
  limits: optional(quantityMap, "The most that may be used."),
  requests: optional(quantityMap, "What is set aside."),
});
export type Resources = Value<typeof resourcesSchema>;

export const containerSecurityContextSchema = openObject({
  runAsUser: optional(int64, "User that processes run as."),
  runAsGroup: optional(int64, "Group that processes run as."),
  runAsNonRoot: optional(flag, "Whether root is refused."),
  privileged: optional(flag, "Whether the container may do what the node may."),
  allowPrivilegeEscalation: optional(flag, "Whether a process may gain more rights than its parent."),
  readOnlyRootFilesystem: optional(flag, "Whether the image's files can't be written."),
  capabilities: optional(
    openObject({
      add: optional(list(text), "Those that are added."),
      drop: optional(list(text), "Those that are taken away."),
    }),
    "Capabilities of processes.",
  ),
});
export type ContainerSecurityContext = Value<typeof containerSecurityContextSchema>;

export const podSecurityContextSchema = openObject({
  runAsUser: optional(int64, "User that processes run as."),
  runAsGroup: optional(int64, "Group that processes run as."),
  runAsNonRoot: optional(flag, "Whether root is refused."),
  fsGroup: optional(int64, "Group that owns the volumes."),
  supplementalGroups: optional(list(int64), "Further groups of processes."),
});

export const tolerationSchema = openObject({
  key: optional(text, "Key of the taint; all when empty."),
  operator: optional(text, "Exists or Equal."),
  value: optional(text, "Value of the taint, with Equal."),
  effect: optional(text, "NoSchedule, PreferNoSchedule or NoExecute; all when empty."),
  tolerationSeconds: optional(int64, "How long the pod may stay, with NoExecute."),
});

export const containerPortSchema = openObject({
  containerPort: required(int32, "Port of the pod."),
  name: optional(nameText, "Name of the port."),
  hostIP: optional(text, "Address of the node that is bound."),
  hostPort: optional(int32, "Port of the node."),
  protocol: defaulted(text, "TCP", "UDP, TCP, or SCTP."),
});

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
  text,
  type Value,
} from "../schema.ts";

export const localObjectRefSchema = openObject({ name: optional(nameText) });
export type LocalObjectRef = Value<typeof localObjectRefSchema>;

const keyRefSchema = openObject({ name: optional(nameText), key: text, optional: optional(flag) });

export const envVarSchema = openObject({
  name: nameText,
  value: optional(text),
  valueFrom: optional(
    openObject({
      configMapKeyRef: optional(keyRefSchema),
      secretKeyRef: optional(keyRefSchema),
      fieldRef: optional(openObject({ apiVersion: optional(nameText), fieldPath: text })),
    }),
  ),
});
export type EnvVar = Value<typeof envVarSchema>;

const sourceRefSchema = openObject({ name: optional(nameText), optional: optional(flag) });

export const envFromSchema = openObject({
  prefix: optional(text),
  configMapRef: optional(sourceRefSchema),
  secretRef: optional(sourceRefSchema),
});
export type EnvFrom = Value<typeof envFromSchema>;

export const resourcesSchema = openObject({ limits: optional(quantityMap), requests: optional(quantityMap) });
export type Resources = Value<typeof resourcesSchema>;

export const containerSecurityContextSchema = openObject({
  runAsUser: optional(int64),
  runAsGroup: optional(int64),
  runAsNonRoot: optional(flag),
  privileged: optional(flag),
  allowPrivilegeEscalation: optional(flag),
  readOnlyRootFilesystem: optional(flag),
  capabilities: optional(openObject({ add: optional(list(text)), drop: optional(list(text)) })),
});
export type ContainerSecurityContext = Value<typeof containerSecurityContextSchema>;

export const podSecurityContextSchema = openObject({
  runAsUser: optional(int64),
  runAsGroup: optional(int64),
  runAsNonRoot: optional(flag),
  fsGroup: optional(int64),
  supplementalGroups: optional(list(int64)),
});
export type PodSecurityContext = Value<typeof podSecurityContextSchema>;

export const tolerationSchema = openObject({
  key: optional(text),
  operator: optional(text),
  value: optional(text),
  effect: optional(text),
  tolerationSeconds: optional(int64),
});
export type Toleration = Value<typeof tolerationSchema>;

export const containerPortSchema = openObject({
  containerPort: int32,
  name: optional(nameText),
  hostIP: optional(text),
  hostPort: optional(int32),
  protocol: defaulted(text, "TCP", "UDP, TCP, or SCTP."),
});
export type ContainerPort = Value<typeof containerPortSchema>;

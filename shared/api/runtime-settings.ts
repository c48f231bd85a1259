/** Settings of the pods and containers that do the work. */
import {
  containerSecurityContextSchema,
  envFromSchema,
  envVarSchema,
  localObjectRefSchema,
  podSecurityContextSchema,
  resourcesSchema,
  tolerationSchema,
} from "./kubernetes/pod.ts";
import { anyObject, flag, int32, list, nameText, object, optional, stringMap, type Value } from "./schema.ts";

export const podSettingsSchema = object({
  podLabels: optional(stringMap, "Labels of the job's pod."),
  podAnnotations: optional(stringMap, "Annotations of the job's pod."),
  serviceAccountName: optional(nameText, "ServiceAccount to run as; none is made then."),
  serviceAccountAnnotations: optional(stringMap, "Annotations of the ServiceAccount that is made."),
  nodeSelector: optional(stringMap),
  nodeName: optional(nameText),
  automountServiceAccountToken: optional(flag),
  securityContext: optional(podSecurityContextSchema),
  imagePullSecrets: optional(list(localObjectRefSchema)),
  affinity: optional(anyObject),
  schedulerName: optional(nameText),
  tolerations: optional(list(tolerationSchema)),
  priorityClassName: optional(nameText),
  priority: optional(int32),
  readinessGates: optional(list(anyObject)),
  runtimeClassName: optional(nameText),
  enableServiceLinks: optional(flag),
  topologySpreadConstraints: optional(list(anyObject)),
});
export type PodSettings = Value<typeof podSettingsSchema>;

export const containerSettingsSchema = object({
  resources: optional(resourcesSchema, "Requests and limits."),
  livenessProbe: optional(anyObject),
  readinessProbe: optional(anyObject),
  lifecycle: optional(anyObject),
  securityContext: optional(containerSecurityContextSchema),
  nice: optional(object({ adjustment: optional(int32, "-20 (most favourable) to 19.") }), "CPU priority."),
  ionice: optional(
    object({
      class: optional(int32, "0 none, 1 realtime, 2 best effort, 3 idle."),
      classData: optional(int32, "Priority within the class, 0 to 7."),
    }),
    "Disk priority.",
  ),
  envFrom: optional(list(envFromSchema)),
  env: optional(list(envVarSchema)),
});
export type ContainerSettings = Value<typeof containerSettingsSchema>;

export const runtimeSettingsSchema = object({
  pod: optional(podSettingsSchema, "Settings of the pod."),
  container: optional(containerSettingsSchema, "Settings of the container."),
});
export type RuntimeSettings = Value<typeof runtimeSettingsSchema>;

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

const podSettingsSchema = object({
  podLabels: optional(stringMap, "Labels of the job's pod."),
  podAnnotations: optional(stringMap, "Annotations of the job's pod."),
  serviceAccountName: optional(nameText, "ServiceAccount to run as; none is made then."),
  serviceAccountAnnotations: optional(stringMap, "Annotations of the ServiceAccount that is made."),
  nodeSelector: optional(stringMap, "Labels of the nodes that it may run on."),
  nodeName: optional(nameText, "The node that it runs on."),
  automountServiceAccountToken: optional(flag, "Whether the token of the ServiceAccount is mounted."),
  securityContext: optional(podSecurityContextSchema, "User, groups and rights of the pod."),
  imagePullSecrets: optional(list(localObjectRefSchema), "Secrets for the image's registry."),
  affinity: optional(anyObject, "Where it prefers to run."),
  schedulerName: optional(nameText, "The scheduler that places it."),
  tolerations: optional(list(tolerationSchema), "Taints of nodes that it bears."),
  priorityClassName: optional(nameText, "PriorityClass."),
  priority: optional(int32, "Priority, as its class says."),
  readinessGates: optional(list(anyObject), "Further conditions for being ready."),
  runtimeClassName: optional(nameText, "RuntimeClass."),
  enableServiceLinks: optional(flag, "Whether Services are told in variables."),
  topologySpreadConstraints: optional(list(anyObject), "How pods are spread over the cluster."),
});
export type PodSettings = Value<typeof podSettingsSchema>;

export const containerSettingsSchema = object({
  resources: optional(resourcesSchema, "Requests and limits."),
  livenessProbe: optional(anyObject, "When the container is restarted."),
  readinessProbe: optional(anyObject, "When the container counts as ready."),
  lifecycle: optional(anyObject, "What runs at its start and before its end."),
  securityContext: optional(containerSecurityContextSchema, "User, group and rights of the container."),
  nice: optional(object({ adjustment: optional(int32, "-20 (most favourable) to 19.") }), "CPU priority."),
  ionice: optional(
    object({
      class: optional(int32, "0 none, 1 realtime, 2 best effort, 3 idle."),
      classData: optional(int32, "Priority within the class, 0 to 7."),
    }),
    "Disk priority.",
  ),
  envFrom: optional(list(envFromSchema), "Variables from whole ConfigMaps and Secrets."),
  env: optional(list(envVarSchema), "Variables."),
});
export type ContainerSettings = Value<typeof containerSettingsSchema>;

export const runtimeSettingsSchema = object({
  pod: optional(podSettingsSchema, "Settings of the pod."),
  container: optional(containerSettingsSchema, "Settings of the container."),
});
export type RuntimeSettings = Value<typeof runtimeSettingsSchema>;

/** How tests and the demo address the kinds that they apply. */
import { KINDS } from "../../../shared/api/kinds.ts";
import type { Resource } from "../../../shared/kube/resource.ts";

const core = (plural: string, namespaced = true): Resource => ({ group: "", version: "v1", plural, namespaced });
const apps = (plural: string): Resource => ({ group: "apps", version: "v1", plural, namespaced: true });
const rbac = (plural: string, namespaced: boolean): Resource => ({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  plural,
  namespaced,
});
const admission = (plural: string): Resource => ({
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural,
  namespaced: false,
});

/** Resources of Kubernetes itself, by kind. */
export const KUBERNETES = {
  Namespace: core("namespaces", false),
  Node: core("nodes", false),
  Pod: core("pods"),
  ResourceQuota: core("resourcequotas"),
  LimitRange: core("limitranges"),
  Secret: core("secrets"),
  ConfigMap: core("configmaps"),
  Service: core("services"),
  ServiceAccount: core("serviceaccounts"),
  Event: core("events"),
  PersistentVolumeClaim: core("persistentvolumeclaims"),
  PersistentVolume: core("persistentvolumes", false),
  Deployment: apps("deployments"),
  StatefulSet: apps("statefulsets"),
  DaemonSet: apps("daemonsets"),
  ReplicaSet: apps("replicasets"),
  Job: { group: "batch", version: "v1", plural: "jobs", namespaced: true },
  Role: rbac("roles", true),
  RoleBinding: rbac("rolebindings", true),
  ClusterRole: rbac("clusterroles", false),
  ClusterRoleBinding: rbac("clusterrolebindings", false),
  MutatingWebhookConfiguration: admission("mutatingwebhookconfigurations"),
  ValidatingWebhookConfiguration: admission("validatingwebhookconfigurations"),
  ValidatingAdmissionPolicy: admission("validatingadmissionpolicies"),
  ValidatingAdmissionPolicyBinding: admission("validatingadmissionpolicybindings"),
  StorageClass: { group: "storage.k8s.io", version: "v1", plural: "storageclasses", namespaced: false },
  PodDisruptionBudget: { group: "policy", version: "v1", plural: "poddisruptionbudgets", namespaced: true },
  NetworkPolicy: { group: "networking.k8s.io", version: "v1", plural: "networkpolicies", namespaced: true },
  PriorityClass: { group: "scheduling.k8s.io", version: "v1", plural: "priorityclasses", namespaced: false },
  CustomResourceDefinition: {
    group: "apiextensions.k8s.io",
    version: "v1",
    plural: "customresourcedefinitions",
    namespaced: false,
  },
  APIService: { group: "apiregistration.k8s.io", version: "v1", plural: "apiservices", namespaced: false },
  Lease: { group: "coordination.k8s.io", version: "v1", plural: "leases", namespaced: true },
} as const satisfies Record<string, Resource>;

/**
 * The resource of a kind.
 *
 * @throws Error when the kind is in neither table
 */
export function resourceOf(kind: string): Resource {
  const found: Resource | undefined = { ...KUBERNETES, ...KINDS }[kind as keyof typeof KUBERNETES | keyof typeof KINDS];
  if (found === undefined) throw new Error(`kind ${kind} is in no table of resources`);
  return found;
}

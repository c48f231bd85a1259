/** Resources of Kubernetes itself that we read or write: each is named here, once. */
import type { Resource } from "./resource.ts";

const NAMESPACED = true;
const CLUSTER = false;

function group(name: string, version: string, namespaced: boolean): (plural: string) => Resource {
  return (plural) => ({ group: name, version, plural, namespaced });
}

const core = group("", "v1", NAMESPACED);
const apps = group("apps", "v1", NAMESPACED);
const rbac = group("rbac.authorization.k8s.io", "v1", NAMESPACED);
const admission = group("admissionregistration.k8s.io", "v1", CLUSTER);
const authorization = group("authorization.k8s.io", "v1", CLUSTER);

export const NAMESPACES = group("", "v1", CLUSTER)("namespaces");
export const PODS = core("pods");
export const SECRETS = core("secrets");
export const CONFIG_MAPS = core("configmaps");
export const CLAIMS = core("persistentvolumeclaims");
export const SERVICE_ACCOUNTS = core("serviceaccounts");
export const ENDPOINTS = core("endpoints");
export const EVENTS = core("events");
export const LIMIT_RANGES = core("limitranges");
export const QUOTAS = core("resourcequotas");

const DEPLOYMENTS = apps("deployments");
/** What is injected into, by kind. */
export const WORKLOADS = {
  Deployment: DEPLOYMENTS,
  StatefulSet: apps("statefulsets"),
  DaemonSet: apps("daemonsets"),
} as const;

export const JOBS = group("batch", "v1", NAMESPACED)("jobs");

/** Newest first: servers before 1.21 have only the second, those from 1.25 only the first. */
const BOTH_VERSIONS = ["v1", "v1beta1"] as const;
export const CRON_JOBS = BOTH_VERSIONS.map((version) => group("batch", version, NAMESPACED)("cronjobs"));
export const DISRUPTION_BUDGETS = BOTH_VERSIONS.map((version) =>
  group("policy", version, NAMESPACED)("poddisruptionbudgets"),
);

export const ROLES = rbac("roles");
export const ROLE_BINDINGS = rbac("rolebindings");

export const NETWORK_POLICIES = group("networking.k8s.io", "v1", NAMESPACED)("networkpolicies");
export const STORAGE_CLASSES = group("storage.k8s.io", "v1", CLUSTER)("storageclasses");
export const LEASES = group("coordination.k8s.io", "v1", NAMESPACED)("leases");

export const ACCESS_REVIEWS = authorization("subjectaccessreviews");
export const SELF_REVIEWS = group("authentication.k8s.io", "v1", CLUSTER)("selfsubjectreviews");

export const MUTATING_CONFIGURATIONS = admission("mutatingwebhookconfigurations");
export const VALIDATING_CONFIGURATIONS = admission("validatingwebhookconfigurations");
export const ADMISSION_POLICIES = admission("validatingadmissionpolicies");
export const ADMISSION_POLICY_BINDINGS = admission("validatingadmissionpolicybindings");
export const API_SERVICES = group("apiregistration.k8s.io", "v1", CLUSTER)("apiservices");

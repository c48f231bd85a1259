/** Resources of Kubernetes itself that commands read and write. */
import type { Resource } from "../../shared/kube/resource.ts";

const core = (plural: string, namespaced = true): Resource => ({ group: "", version: "v1", plural, namespaced });

export const PODS = core("pods");
export const POD_LOGS = core("pods/log");
export const POD_EXEC = core("pods/exec");
export const SECRETS = core("secrets");
export const EVENTS = core("events");
export const CLAIMS = core("persistentvolumeclaims");
export const NAMESPACES = core("namespaces", false);
export const JOBS: Resource = { group: "batch", version: "v1", plural: "jobs", namespaced: true };
export const DEPLOYMENTS: Resource = { group: "apps", version: "v1", plural: "deployments", namespaced: true };
export const LEASES: Resource = { group: "coordination.k8s.io", version: "v1", plural: "leases", namespaced: true };

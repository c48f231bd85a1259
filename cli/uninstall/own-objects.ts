/** What an installation has outside of its own namespace, by name. A test compares it with the manifests. */
import { KINDS } from "../../shared/api/kinds.ts";
import { Finalizer, Install } from "../../shared/contract.ts";
import { POLICY_GROUP, POLICY_NAME } from "../../shared/host-run-authority.ts";
import type { Resource } from "../../shared/kube/resource.ts";

export interface NamedObjects {
  readonly resource: Resource;
  readonly names: readonly string[];
}

const cluster = (group: string, version: string, plural: string): Resource => ({
  group,
  version,
  plural,
  namespaced: false,
});
const RBAC = ["rbac.authorization.k8s.io", "v1"] as const;

/** They go first: an API server that calls a webhook that is gone refuses labelled workloads. */
export const WEBHOOK_OBJECTS: readonly NamedObjects[] = [
  {
    resource: cluster("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"),
    names: [Install.MutatingConfiguration],
  },
  {
    resource: cluster("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"),
    names: [Install.ValidatingConfiguration],
  },
];

/** What the reconciler adds on servers that know policies. The binding goes first: without it a policy holds nobody. */
export const POLICY_OBJECTS: readonly NamedObjects[] = [
  {
    resource: cluster(POLICY_GROUP, "v1", "validatingadmissionpolicybindings"),
    names: [POLICY_NAME],
  },
  { resource: cluster(POLICY_GROUP, "v1", "validatingadmissionpolicies"), names: [POLICY_NAME] },
];

/** Of the Snapshot API. While its server is away no namespace can be deleted. Upstream's has the same name. */
export const API_SERVICES: Resource = cluster("apiregistration.k8s.io", "v1", "apiservices");

/** What lies in a namespace that is not ours. */
export const FRONT_PROXY_BINDING = {
  resource: { group: RBAC[0], version: RBAC[1], plural: "rolebindings", namespaced: true },
  namespace: "kube-system",
  name: "stash-batch-webhook-front-proxy",
} as const;

export const NAMESPACES: Resource = cluster("", "v1", "namespaces");

/** They go last but for the definitions. */
export const CLUSTER_OBJECTS: readonly NamedObjects[] = [
  {
    resource: cluster(...RBAC, "clusterrolebindings"),
    names: [
      "stash-batch-reconciler",
      "stash-batch-webhook",
      "stash-batch-reconciler-cluster",
      "stash-batch-api-service",
    ],
  },
  {
    resource: cluster(...RBAC, "clusterroles"),
    names: [
      "stash-batch-reconciler",
      "stash-batch-webhook",
      "stash-batch-edit",
      "stash-batch-view",
      "stash-batch-reconciler-cluster",
      "stash-batch-api-service",
      "stash-batch-snapshots-edit",
      "stash-batch-snapshots-view",
    ],
  },
  { resource: cluster("scheduling.k8s.io", "v1", "priorityclasses"), names: ["stash-batch"] },
];

export const DEFINITIONS: NamedObjects = {
  resource: cluster("apiextensions.k8s.io", "v1", "customresourcedefinitions"),
  names: Object.values(KINDS)
    .filter(({ kind }) => kind !== "Snapshot")
    .map(({ plural, group }) => `${plural}.${group}`),
};

/** Kinds that we hold by a finalizer, which nobody else would ever take away. */
export const HELD_KINDS: readonly Resource[] = [
  KINDS.BackupConfiguration,
  KINDS.BackupBatch,
  KINDS.BackupSession,
  KINDS.RestoreSession,
  KINDS.RestoreBatch,
  KINDS.Repository,
];

export const OWN_FINALIZERS: readonly string[] = Object.values(Finalizer);

/** What belongs to an installation and no manifest can bring: see manifests/base/kustomization.yaml. Pure. */
import { Label, LabelValue } from "../../shared/contract.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import catalogue from "./catalogue.json" with { type: "json" };

export interface OwnObject {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const CLUSTER_WIDE = { group: "stash.appscode.com", version: "v1beta1", namespaced: false } as const;
const CATALOGUE_RESOURCES: Readonly<Record<string, Resource>> = {
  Function: { ...CLUSTER_WIDE, plural: "functions" },
  Task: { ...CLUSTER_WIDE, plural: "tasks" },
};

const INSTALLATION_NAME = "stash-batch";

/** Functions and Tasks of manifests/catalog. */
export function buildCatalogue(): readonly OwnObject[] {
  return catalogue.flatMap((body) => {
    const resource = CATALOGUE_RESOURCES[body.kind];
    return resource === undefined ? [] : [{ resource, namespace: undefined, name: body.metadata.name, body }];
  });
}

/** One budget a Deployment: a drain takes one replica at a time, and a single replica does not hold a drain up. */
export function buildBudgets(namespace: string, resource: Resource): readonly OwnObject[] {
  return ["webhook", "reconciler"].map((component) => {
    const name = `${INSTALLATION_NAME}-${component}`;
    const labels = { [Label.Name]: INSTALLATION_NAME, [Label.Component]: component };
    const body = {
      apiVersion: `${resource.group}/${resource.version}`,
      kind: "PodDisruptionBudget",
      metadata: { name, namespace, labels: { ...labels, [Label.ManagedBy]: LabelValue.ManagedBy } },
      spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
    };
    return { resource, namespace, name, body };
  });
}

/** The pod that a dry run is asked about: as the workload's controller would make it from its template. Pure. */
import type { JsonObject } from "../../shared/injection/workload.ts";
import { isJsonObject, valueAt } from "../../shared/json/value.ts";
import type { WorkloadObject } from "../world/workload-object.ts";

/** @param podTemplate that of the workload, with or without the sidecar */
export function buildProofPod(workload: WorkloadObject, podTemplate: JsonObject): JsonObject {
  const { namespace, name } = workload.facts;
  const { labels, annotations } = isJsonObject(podTemplate["metadata"]) ? podTemplate["metadata"] : {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      // The same each time, since it stands in the cluster's words.
      name: `${name}-dry-run`,
      namespace,
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
      ownerReferences: [ownerOf(workload)],
    },
    spec: withClaims(workload, valueAt(podTemplate, "spec")),
  };
}

/** Policies refuse pods that nobody owns. A Deployment's belong to a ReplicaSet of it. */
function ownerOf({ facts, uid }: WorkloadObject): JsonObject {
  const { kind, name } = facts;
  const isDeployment = kind === "Deployment";
  const owner = isDeployment ? { kind: "ReplicaSet", name: `${name}-proof` } : { kind, name };
  return { apiVersion: "apps/v1", ...owner, uid, controller: true };
}

/** A StatefulSet gives each pod the volumes of its claim templates; the first pod stands for all. */
function withClaims({ facts, firstOrdinal }: WorkloadObject, spec: unknown): unknown {
  const { claimTemplateNames, name } = facts;
  if (claimTemplateNames.length === 0 || !isJsonObject(spec)) return spec;
  const volumes = Array.isArray(spec["volumes"]) ? spec["volumes"] : [];
  const others = volumes.filter((volume) => !claimTemplateNames.some((claim) => valueAt(volume, "name") === claim));
  const claims = claimTemplateNames.map((claim) => ({
    name: claim,
    persistentVolumeClaim: { claimName: `${claim}-${name}-${firstOrdinal}` },
  }));
  return { ...spec, volumes: [...others, ...claims] };
}

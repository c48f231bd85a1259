/** What injection needs to know of a workload, read from raw JSON whose unknown fields stay as they are. */
import { SIDECAR_KINDS } from "../contract.ts";
import { isJsonObject, listAt, textAt, valueAt } from "../json/value.ts";

export type JsonObject = Readonly<Record<string, unknown>>;
export type TextMap = Readonly<Record<string, string>>;

export interface WorkloadFacts {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  /** Empty while the API server has still to make the name from `generateName`. */
  readonly name: string;
  readonly labels: TextMap;
  readonly annotations: TextMap;
  readonly isBeingDeleted: boolean;
  /** `spec.template`, as it came. */
  readonly podTemplate: JsonObject;
  /** `spec.strategy`, as it came. */
  readonly strategy: unknown;
  /** Volumes that a StatefulSet adds to each of its pods. */
  readonly claimTemplateNames: readonly string[];
  /** Those of them that ask for a block device. */
  readonly blockClaimNames?: readonly string[];
}

/** API versions under which the kinds that we change are known. */
const WORKLOAD_GROUPS: readonly string[] = ["apps", "extensions", "apps.openshift.io"];

/**
 * Reads a workload.
 *
 * @param namespace namespace of the request, for objects that leave it out
 * @returns undefined when the value is no Deployment, StatefulSet, DaemonSet or DeploymentConfig with a pod template
 */
export function readWorkload(raw: unknown, namespace?: string): WorkloadFacts | undefined {
  const kind = textAt(raw, "kind") ?? "";
  const apiVersion = textAt(raw, "apiVersion") ?? "";
  const isKnown = SIDECAR_KINDS.some((known) => known === kind) && WORKLOAD_GROUPS.includes(groupOf(apiVersion));
  const metadata = valueAt(raw, "metadata");
  const spec = valueAt(raw, "spec");
  const podTemplate = valueAt(spec, "template");
  if (!isKnown || !isJsonObject(podTemplate) || !isJsonObject(podTemplate["spec"])) return undefined;
  const claims = listAt(spec, "volumeClaimTemplates");
  const blockClaims = claims.filter((claim) => textAt(claim, "spec", "volumeMode") === "Block");
  return {
    apiVersion,
    kind,
    namespace: textAt(metadata, "namespace") || (namespace ?? ""),
    name: textAt(metadata, "name") ?? "",
    labels: textMapAt(metadata, "labels"),
    annotations: textMapAt(metadata, "annotations"),
    isBeingDeleted: valueAt(metadata, "deletionTimestamp") != null,
    podTemplate,
    strategy: valueAt(spec, "strategy"),
    claimTemplateNames: namesOf(claims.map((claim) => valueAt(claim, "metadata"))),
    ...(blockClaims.length > 0 && { blockClaimNames: namesOf(blockClaims.map((claim) => valueAt(claim, "metadata"))) }),
  };
}

function groupOf(apiVersion: string): string {
  return apiVersion.slice(0, Math.max(apiVersion.indexOf("/"), 0));
}

/** Texts of an object; entries of other types are left out. */
export function textMapAt(raw: unknown, ...keys: readonly string[]): TextMap {
  const found = valueAt(raw, ...keys);
  if (isTextMap(found)) return found;
  if (!isJsonObject(found)) return {};
  return Object.fromEntries(Object.entries(found).filter(isTextEntry));
}

function isTextMap(value: unknown): value is TextMap {
  if (!isJsonObject(value)) return false;
  for (const key in value) if (typeof value[key] !== "string") return false;
  return true;
}

function isTextEntry(entry: readonly [string, unknown]): entry is [string, string] {
  return typeof entry[1] === "string";
}

/** The `name` of each item that has one. */
export function namesOf(items: readonly unknown[]): readonly string[] {
  return items.map((item) => textAt(item, "name")).filter((name) => name !== undefined);
}

/** The objects of a list; what is no object is left out. */
export function objectsAt(raw: unknown, ...keys: readonly string[]): readonly JsonObject[] {
  return listAt(raw, ...keys).filter(isJsonObject);
}

/** Which right somebody lacks, and how to ask for it. Pure. */
import { UserError } from "../../shared/errors.ts";
import type { KubeError } from "../../shared/kube/client/error.ts";
import type { Resource } from "../../shared/kube/resource.ts";

export interface MissingRight {
  readonly verb: string;
  readonly resource: Resource;
  /** Undefined: in all namespaces, or of the cluster. */
  readonly namespace: string | undefined;
}

/** `kubectl auth can-i list backupbatches.stash.appscode.com -n shop`. */
export function formatQuestion({ verb, resource, namespace }: MissingRight): string {
  const { group, plural, namespaced } = resource;
  const [name = "", subresource] = plural.split("/");
  const what = group === "" ? name : `${name}.${group}`;
  const parts = ["kubectl auth can-i", verb, what];
  if (subresource !== undefined) parts.push(`--subresource=${subresource}`);
  if (namespace !== undefined) parts.push("-n", namespace);
  else if (namespaced) parts.push("-A");
  return parts.join(" ");
}

/** `create restorebatches.stash.appscode.com in namespace shop`. */
export function formatRight({ verb, resource, namespace }: MissingRight): string {
  const what = resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
  const where =
    namespace === undefined ? (resource.namespaced ? " in all namespaces" : "") : ` in namespace ${namespace}`;
  return `${verb} ${what}${where}`;
}

/** @param narrower what whoever may not look at all namespaces does instead */
export function buildMissingRight(
  { detail }: KubeError,
  right: MissingRight,
  narrower = "look at one namespace with -n",
): UserError {
  const { resource, namespace } = right;
  const hint = namespace === undefined && resource.namespaced ? `; or ${narrower}` : "";
  return new UserError("API_FORBIDDEN", `you lack the right to ${formatRight(right)}: ${detail}`, {
    next: `check it with: ${formatQuestion(right)}${hint}`,
  });
}

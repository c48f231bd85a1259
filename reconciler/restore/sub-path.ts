/** The folder of a volume that a mount shows, with the variables of its pod filled in. Pure. */
import { type JsonObject, objectsAt } from "../../shared/injection/workload.ts";
import { textAt } from "../../shared/json/value.ts";

/** Where a pod says what a `fieldRef` stands for. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "metadata.name": ["metadata", "name"],
  "metadata.namespace": ["metadata", "namespace"],
  "metadata.uid": ["metadata", "uid"],
  "spec.nodeName": ["spec", "nodeName"],
  "spec.serviceAccountName": ["spec", "serviceAccountName"],
  "status.hostIP": ["status", "hostIP"],
  "status.podIP": ["status", "podIP"],
};

/** `$(NAME)`, or `$$`, which stands for one `$`. */
const REFERENCE = /\$\$|\$\(([^()]*)\)/g;

function variableOf(pod: unknown, container: JsonObject, name: string): string | undefined {
  // Of several with one name the last one counts.
  const variable = objectsAt(container, "env").findLast((one) => textAt(one, "name") === name);
  const path = FIELDS[textAt(variable, "valueFrom", "fieldRef", "fieldPath") ?? ""];
  const value = path === undefined ? textAt(variable, "value") : textAt(pod, ...path);
  // A value that names others is theirs to fill in.
  return value === undefined || value === "" || value.includes("$(") ? undefined : value;
}

/**
 * @param pod as the API server has it
 * @param container of the pod, that has the mount
 * @returns an empty text for the whole volume, which it may be where a variable is not known
 */
export function subPathOf(pod: unknown, container: JsonObject, mount: unknown): string {
  const expression = textAt(mount, "subPathExpr");
  if (expression === undefined) return textAt(mount, "subPath") ?? "";
  let isKnown = true;
  const path = expression.replace(REFERENCE, (reference, name: string | undefined) => {
    if (name === undefined) return reference.slice(1);
    const value = variableOf(pod, container, name);
    isKnown &&= value !== undefined;
    return value ?? "";
  });
  return isKnown ? path : "";
}

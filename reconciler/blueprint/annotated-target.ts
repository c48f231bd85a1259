/** Claims and AppBindings that name a blueprint, read from raw JSON: no field of theirs can make one unreadable. */
import { KINDS } from "../../shared/api/kinds.ts";
import { Annotation } from "../../shared/contract.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import type { BlueprintTarget } from "../../shared/invoker/blueprint.ts";
import { textAt, valueAt } from "../../shared/json/value.ts";

export interface AnnotatedTarget extends BlueprintTarget {
  readonly kind: "PersistentVolumeClaim" | "AppBinding";
  readonly uid: string;
  readonly isBeingDeleted: boolean;
}

/** @returns undefined when it names no blueprint */
export function readAnnotatedTarget(kind: AnnotatedTarget["kind"], raw: unknown): AnnotatedTarget | undefined {
  const annotations = textMapAt(raw, "metadata", "annotations");
  if (annotations[Annotation.BackupBlueprint] === undefined) return undefined;
  const isApp = kind === "AppBinding";
  return {
    apiVersion: isApp ? KINDS.AppBinding.apiVersion : "v1",
    kind,
    namespace: textAt(raw, "metadata", "namespace") ?? "",
    name: textAt(raw, "metadata", "name") ?? "",
    uid: textAt(raw, "metadata", "uid") ?? "",
    annotations,
    isBeingDeleted: valueAt(raw, "metadata", "deletionTimestamp") != null,
    ...(isApp && { app: { type: textAt(raw, "spec", "type") ?? "", version: textAt(raw, "spec", "version") ?? "" } }),
  };
}

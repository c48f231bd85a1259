/**
 * The hold on a workload: the cluster refused its pods with the sidecar, or never let them become ready, so none is injected. The reconciler
 * writes it and takes it away; the webhook only looks whether there is one. Whoever forges it goes without his own backup, and gains nothing.
 */
import { Annotation, Label } from "../contract.ts";
import { canonicalJson, shortHash } from "../hash.ts";
import { isJsonObject } from "../json/value.ts";
import { applicationContainers, applicationVolumeNames } from "./own-parts.ts";
import type { JsonObject, TextMap, WorkloadFacts } from "./workload.ts";

export type Hold =
  /** A dry run of the pod was refused; another one may pass at any time. */
  | { readonly kind: "DryRun" }
  /** Pods were made and did not become ready; it is tried again when what they were made from changes. */
  | { readonly kind: "Pods"; readonly origin: string };

const PODS = "pods/";

export function formatHold(hold: Hold): string {
  return hold.kind === "DryRun" ? "dry-run" : `${PODS}${hold.origin}`;
}

/** The hold that the annotations say; a value that nobody understands is one that a dry run can end. */
export function readHold(annotations: TextMap): Hold | undefined {
  const text = annotations[Annotation.InjectionHeld];
  if (text === undefined) return undefined;
  return text.startsWith(PODS) ? { kind: "Pods", origin: text.slice(PODS.length) } : { kind: "DryRun" };
}

/** The workload as if nothing held it. */
export function withoutHold(workload: WorkloadFacts): WorkloadFacts {
  if (workload.annotations[Annotation.InjectionHeld] === undefined) return workload;
  const { [Annotation.InjectionHeld]: _, ...annotations } = workload.annotations;
  return { ...workload, annotations };
}

/** What the request annotation says where no sidecar is wanted. */
export const WANTS_NOTHING = "none";

/**
 * The workload with the hold of its former version, where a replacement dropped it with all other annotations. Only the reconciler ends
 * one, and says so by asking for a sidecar in the same change.
 */
export function keepingHold(workload: WorkloadFacts, before: TextMap): WorkloadFacts {
  const held = before[Annotation.InjectionHeld];
  const { annotations } = workload;
  if (held === undefined || annotations[Annotation.InjectionHeld] !== undefined) return workload;
  const requested = annotations[Annotation.RequestedInjection];
  const isEnded = requested !== undefined && requested !== WANTS_NOTHING;
  return isEnded ? workload : { ...workload, annotations: { ...annotations, [Annotation.InjectionHeld]: held } };
}

/**
 * What pods with the sidecar are made from: another value is worth another try.
 *
 * @param podTemplate with or without our parts
 * @param wanted what the sidecar is made from
 */
export function podOrigin(podTemplate: JsonObject, wanted: JsonObject): string {
  const volumes = applicationVolumeNames(podTemplate);
  const { metadata, spec } = podTemplate;
  const { containers: _, initContainers: __, volumes: all, ...others } = isJsonObject(spec) ? spec : {};
  const { labels, annotations } = isJsonObject(metadata) ? metadata : {};
  const kept = Array.isArray(all) ? all.filter((volume) => isJsonObject(volume) && isNamedIn(volumes, volume)) : [];
  return shortHash(
    canonicalJson({
      wanted,
      labels: isJsonObject(labels) ? withoutLabel(labels) : {},
      annotations: isJsonObject(annotations) ? withoutHashes(annotations) : {},
      containers: applicationContainers(podTemplate),
      volumes: kept,
      others,
    }),
  );
}

function isNamedIn(names: ReadonlySet<string>, { name }: JsonObject): boolean {
  return typeof name === "string" && names.has(name);
}

function withoutLabel(labels: JsonObject): JsonObject {
  const { [Label.Injected]: _, ...others } = labels;
  return others;
}

function withoutHashes(annotations: JsonObject): JsonObject {
  const { [Annotation.BackupHash]: _, [Annotation.RestoreHash]: __, ...others } = annotations;
  return others;
}

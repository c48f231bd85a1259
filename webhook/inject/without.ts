/** Takes injected parts out of a pod template: after it the template is what its owner wrote, byte for byte. */
import { Annotation } from "../../shared/contract.ts";
import {
  containersOf,
  isOwnContainer,
  isOwnVolumeName,
  isRestoreInit,
  isSidecar,
  mountedVolumes,
} from "../../shared/injection/own-parts.ts";
import { withoutPullSecrets } from "../../shared/injection/pull-secrets.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { textAt } from "../../shared/json/value.ts";
import { withChild, withField, withList, withoutField, withoutMatching } from "../json-edit.ts";
import { withoutLabel } from "./label.ts";

/** The pod template without the sidecar, wherever it stands, and without the volumes that only it mounted. */
export function withoutSidecar(podTemplate: JsonObject): JsonObject {
  return withoutParts(podTemplate, isSidecar, Annotation.BackupHash);
}

/** The pod template without the init-container of a restore. */
export function withoutRestoreInit(podTemplate: JsonObject): JsonObject {
  return withoutParts(podTemplate, isRestoreInit, Annotation.RestoreHash);
}

/** The pod template without anything of ours. */
export function withoutOwnParts(podTemplate: JsonObject): JsonObject {
  return withoutRestoreInit(withoutSidecar(podTemplate));
}

function withoutParts(
  podTemplate: JsonObject,
  isPart: (container: JsonObject) => boolean,
  annotation: string,
): JsonObject {
  const isPresent = containersOf(podTemplate).some(isPart);
  if (!isPresent && textAt(podTemplate, "metadata", "annotations", annotation) === undefined) return podTemplate;
  const withoutContainer = withChild(podTemplate, "spec", (spec) => {
    const initDone = withList(spec, "initContainers", (items) => withoutMatching(items, isPart));
    return withList(initDone, "containers", (items) => withoutMatching(items, isPart));
  });
  const withoutVolumes = isPresent ? withoutUnusedVolumes(withoutContainer) : withoutContainer;
  const isLast = isPresent && !containersOf(withoutVolumes).some(isOwnContainer);
  return withoutAnnotation(isLast ? withoutLabel(withoutCopies(withoutVolumes)) : withoutVolumes, annotation);
}

/** The pod template without references to our copies of pull secrets. */
function withoutCopies(podTemplate: JsonObject): JsonObject {
  return withChild(podTemplate, "spec", (spec) => withList(spec, "imagePullSecrets", withoutPullSecrets));
}

/** Volumes of ours that no container mounts any more. */
export function withoutUnusedVolumes(podTemplate: JsonObject): JsonObject {
  const mounted = mountedVolumes(containersOf(podTemplate));
  const isUnused = ({ name }: JsonObject) => typeof name === "string" && isOwnVolumeName(name) && !mounted.has(name);
  return withChild(podTemplate, "spec", (spec) =>
    withList(spec, "volumes", (items) => withoutMatching(items, isUnused)),
  );
}

/** `metadata` itself stays, even when empty: the API server writes it always. */
function withoutAnnotation(podTemplate: JsonObject, annotation: string): JsonObject {
  const { metadata } = podTemplate;
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return podTemplate;
  const before = { ...metadata };
  const after = withChild(before, "annotations", (annotations) => withoutField(annotations, annotation));
  return after === before ? podTemplate : withField(podTemplate, "metadata", after);
}

/** Which parts of a pod template are ours: containers, volumes and annotations that injection added. */
import { Annotation, Command, Container, Label, Volume } from "../contract.ts";
import { listAt, textAt, valueAt } from "../json/value.ts";
import { type JsonObject, namesOf, objectsAt } from "./workload.ts";

/** Annotations of the pod template that hold what was injected. */
export interface AppliedHashes {
  readonly backup?: string;
  readonly restore?: string;
}

/** Hashes that the pod template says it carries. */
export function appliedHashes(podTemplate: unknown): AppliedHashes {
  const annotations = valueAt(podTemplate, "metadata", "annotations");
  const backup = textAt(annotations, Annotation.BackupHash);
  const restore = textAt(annotations, Annotation.RestoreHash);
  return { ...(backup !== undefined && { backup }), ...(restore !== undefined && { restore }) };
}

/** Whether a container is a sidecar of ours or of upstream Stash, and not an application's that has the same name. */
export function isSidecar(container: JsonObject): boolean {
  return container["name"] === Container.Sidecar && listAt(container, "args")[0] === Command.RunBackup;
}

/** Whether a container is a restore init-container of ours or of upstream Stash. */
export function isRestoreInit(container: JsonObject): boolean {
  return container["name"] === Container.RestoreInit && listAt(container, "args")[0] === Command.Restore;
}

/** Whether a container is the init-container of one restore, and not of an earlier one. */
export function isInitOf(container: JsonObject, restore: { readonly kind: string; readonly name: string }): boolean {
  const args = listAt(container, "args");
  const names = [`--invoker-kind=${restore.kind}`, `--invoker-name=${restore.name}`];
  return isRestoreInit(container) && names.every((name) => args.includes(name));
}

/** Whether a container is either of the two. */
export function isOwnContainer(container: JsonObject): boolean {
  return isSidecar(container) || isRestoreInit(container);
}

/** Whether a pod template says by a label that it has one of them. */
export function isLabelled(podTemplate: unknown): boolean {
  return textAt(podTemplate, "metadata", "labels", Label.Injected) !== undefined;
}

/** Upstream removed a volume of this older name, and left the one that it had added (L26). */
const OWN_VOLUMES: readonly string[] = [Volume.Scratch, Volume.Identity, "stash-scratchdir"];
const HASHED_VOLUME = new RegExp(`^(${Volume.SecretPrefix}|${Volume.LocalPrefix})[0-9a-z]{10}$`);

/** Whether a volume's name is one that injection gives. */
export function isOwnVolumeName(name: string): boolean {
  return OWN_VOLUMES.includes(name) || HASHED_VOLUME.test(name);
}

interface TemplateParts {
  readonly containers: readonly JsonObject[];
  readonly application: readonly JsonObject[];
  readonly applicationVolumes: ReadonlySet<string>;
}

/** The last answer. Each decision asks several times in a row for the parts of one template, which never changes. */
let last: { readonly podTemplate: JsonObject; readonly parts: TemplateParts } | undefined;

function readParts(podTemplate: JsonObject): TemplateParts {
  if (last?.podTemplate === podTemplate) return last.parts;
  const containers = [
    ...objectsAt(podTemplate, "spec", "initContainers"),
    ...objectsAt(podTemplate, "spec", "containers"),
  ];
  const application = containers.filter((container) => !isOwnContainer(container));
  const isMounted = (name: string) => application.some((container) => mountsVolume(container, name));
  const volumes = namesOf(listAt(podTemplate, "spec", "volumes"));
  const applicationVolumes = new Set(volumes.filter((name) => !isOwnVolumeName(name) || isMounted(name)));
  const parts = { containers, application, applicationVolumes };
  last = { podTemplate, parts };
  return parts;
}

const HASH_ANNOTATIONS = [Annotation.BackupHash, Annotation.RestoreHash];

/** Whether there is anything that injection added, or that looks like it. Looks at names alone. */
export function carriesOwnParts(podTemplate: JsonObject): boolean {
  const annotations = valueAt(podTemplate, "metadata", "annotations");
  for (const key of HASH_ANNOTATIONS) if (textAt(annotations, key) !== undefined) return true;
  for (const list of ["containers", "initContainers"]) {
    for (const container of listAt(podTemplate, "spec", list)) {
      const name = textAt(container, "name");
      if (name === Container.Sidecar || name === Container.RestoreInit) return true;
    }
  }
  return false;
}

/** Containers of both lists of a pod template, init-containers first. */
export function containersOf(podTemplate: JsonObject): readonly JsonObject[] {
  return readParts(podTemplate).containers;
}

/** Containers of the application: all but ours. */
export function applicationContainers(podTemplate: JsonObject): readonly JsonObject[] {
  return readParts(podTemplate).application;
}

/** Whether a container mounts a volume. */
export function mountsVolume(container: JsonObject, name: string): boolean {
  return listAt(container, "volumeMounts").some((mount) => textAt(mount, "name") === name);
}

/** Names of the volumes that containers mount. */
export function mountedVolumes(containers: readonly JsonObject[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const container of containers) {
    for (const mount of listAt(container, "volumeMounts")) {
      const name = textAt(mount, "name");
      if (name !== undefined) names.add(name);
    }
  }
  return names;
}

/** Names of the volumes that are the application's, though some may look like ours: it mounts them itself. */
export function applicationVolumeNames(podTemplate: JsonObject): ReadonlySet<string> {
  return readParts(podTemplate).applicationVolumes;
}

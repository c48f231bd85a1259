/** A pod as the question sees it who else may write what a restore writes: its volumes, and whether its application may run. Pure. */
import { canonicalJson } from "../../shared/hash.ts";
import { containersOf, isOwnVolumeName, isRestoreInit } from "../../shared/injection/own-parts.ts";
import { type JsonObject, objectsAt } from "../../shared/injection/workload.ts";
import { isJsonObject, listAt, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { subPathOf } from "./sub-path.ts";

/** A volume that other pods may mount too. */
export interface SharedVolume {
  /** Two pods mount the same only under the same key. */
  readonly key: string;
  /** Folder below it; one that holds the other is shared too. */
  readonly path: string;
  /** Where it is, for a folder of a node; undefined for what all nodes reach. */
  readonly node?: string | undefined;
  /** For people. */
  readonly words: string;
}

export interface MountingPod {
  readonly name: string;
  readonly uid: string;
  /** `Deployment web`: what its pods come from. */
  readonly owner: { readonly kind: string; readonly name: string } | undefined;
  readonly isTerminating: boolean;
  /** It waits in the init-container of a restore, or has not come so far: nothing of the application has run in it. */
  readonly isWaiting: boolean;
  readonly volumes: readonly SharedVolume[];
  /** Those that the init-container of its restore writes. */
  readonly restored: readonly SharedVolume[];
}

/** Sources of which every pod has its own, or that nobody writes. */
const OWN_TO_A_POD: readonly string[] = [
  "emptyDir",
  "configMap",
  "secret",
  "projected",
  "downwardAPI",
  "image",
  "csi",
  "gitRepo",
];

const SLASHES = /\/+/g;

function folder(path: string | undefined): string {
  return `${path ?? ""}/`.replace(SLASHES, "/");
}

/** Key of a claim as a SharedVolume. */
export function claimKey(claim: string): string {
  return `claim/${claim}`;
}

/** Likewise, for people. */
export function claimWords(claim: string): string {
  return `claim ${claim}`;
}

function claimVolume(claim: string): SharedVolume {
  return { key: claimKey(claim), path: "/", words: claimWords(claim) };
}

/** @param pod name of the pod: a generic ephemeral volume is a claim that is named after it */
function readVolume(volume: JsonObject, pod: string, node: string | undefined): SharedVolume | undefined {
  const claim = textAt(volume, "persistentVolumeClaim", "claimName");
  if (claim !== undefined) return claimVolume(claim);
  const name = textAt(volume, "name") ?? "";
  if (valueAt(volume, "ephemeral") !== undefined) return claimVolume(`${pod}-${name}`);
  const hostPath = textAt(volume, "hostPath", "path");
  if (hostPath !== undefined)
    return { key: "host", path: folder(hostPath), node, words: `folder ${hostPath} of the node` };
  const server = textAt(volume, "nfs", "server");
  if (server !== undefined) {
    const path = textAt(volume, "nfs", "path");
    return { key: `nfs/${server}`, path: folder(path), words: `NFS folder ${server}:${path ?? ""}` };
  }
  const [kind, source] = Object.entries(volume).find(([key, value]) => key !== "name" && isJsonObject(value)) ?? [];
  if (kind === undefined || OWN_TO_A_POD.includes(kind) || !isJsonObject(source)) return undefined;
  const { readOnly: _, ...where } = source;
  return { key: `${kind}/${canonicalJson(where)}`, path: "/", words: `volume ${name} (${kind})` };
}

interface Mount {
  readonly volume: string;
  /** Folder of the volume that is mounted; the whole where it is not known. */
  readonly subPath: string;
  readonly isReadOnly: boolean;
}

function mountsOf(pod: unknown, container: JsonObject): readonly Mount[] {
  return [...listAt(container, "volumeMounts"), ...listAt(container, "volumeDevices")].flatMap((mount): Mount[] => {
    const volume = textAt(mount, "name");
    if (volume === undefined) return [];
    const subPath = subPathOf(pod, container, mount);
    return [{ volume, subPath, isReadOnly: valueAt(mount, "readOnly") === true }];
  });
}

function isInitDone(pod: unknown, name: unknown): boolean {
  const status = listAt(pod, "status", "initContainerStatuses").find((one) => textAt(one, "name") === name);
  return numberAt(status, "state", "terminated", "exitCode") === 0;
}

/** Label that a Deployment's controller puts on pods; the rest of their ReplicaSet's name. */
const POD_TEMPLATE_HASH = "pod-template-hash";

function readOwner(pod: unknown): MountingPod["owner"] {
  const owner = listAt(pod, "metadata", "ownerReferences").find((ref) => valueAt(ref, "controller") === true);
  const kind = textAt(owner, "kind");
  const name = textAt(owner, "name");
  if (kind === undefined || name === undefined) return undefined;
  const hash = textAt(pod, "metadata", "labels", POD_TEMPLATE_HASH);
  const isDeployments = kind === "ReplicaSet" && hash !== undefined && name.endsWith(`-${hash}`);
  return isDeployments ? { kind: "Deployment", name: name.slice(0, -hash.length - 1) } : { kind, name };
}

/** Reads a pod; undefined when it has ended: none of its containers runs again. */
export function readMountingPod(raw: unknown): MountingPod | undefined {
  const phase = textAt(raw, "status", "phase");
  if (phase === "Succeeded" || phase === "Failed") return undefined;
  const spec = valueAt(raw, "spec");
  const name = textAt(raw, "metadata", "name") ?? "";
  const node = textAt(spec, "nodeName") || undefined;
  const containers = [...containersOf({ spec }), ...objectsAt(spec, "ephemeralContainers")];
  const init = containers.find(isRestoreInit);
  const volumes = new Map(
    objectsAt(spec, "volumes").map((volume) => [textAt(volume, "name") ?? "", readVolume(volume, name, node)]),
  );
  const shared = (mounts: readonly Mount[]): readonly SharedVolume[] =>
    mounts.flatMap(({ volume, subPath }) => {
      const whole = volumes.get(volume);
      return whole === undefined ? [] : [{ ...whole, path: folder(`${whole.path}/${subPath}`) }];
    });
  // A repository that lies in a volume is no part of what is restored.
  const written = (init === undefined ? [] : mountsOf(raw, init)).filter(
    ({ volume, isReadOnly }) => !isReadOnly && !isOwnVolumeName(volume),
  );
  return {
    name,
    uid: textAt(raw, "metadata", "uid") ?? "",
    owner: readOwner(raw),
    isTerminating: valueAt(raw, "metadata", "deletionTimestamp") !== undefined,
    isWaiting: init !== undefined && phase !== "Running" && !isInitDone(raw, init["name"]),
    volumes: shared(containers.flatMap((container) => mountsOf(raw, container))),
    restored: shared(written),
  };
}

/** Whether who writes the one may write into the other. */
export function isSameVolume(a: SharedVolume, b: SharedVolume): boolean {
  if (a.key !== b.key || !(a.path.startsWith(b.path) || b.path.startsWith(a.path))) return false;
  // A pod without a node may come to any.
  return a.node === undefined || b.node === undefined || a.node === b.node;
}

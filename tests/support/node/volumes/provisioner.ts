/** The StorageClass `standard`: gives each claim a folder under the node's, and takes it away with the volume. */
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { V1PersistentVolume, V1PersistentVolumeClaim } from "@kubernetes/client-node";
import { parseKind } from "../api/kinds.ts";
import { isStatus, type KubeApi, untilAnswered } from "../api/kube-api.ts";
import { startObjectStore } from "../api/object-store.ts";

export const STANDARD_CLASS = "standard";
const PROVISIONER = "process-node/folder";
const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
const SELECTED_NODE = "volume.kubernetes.io/selected-node";

export interface ProvisionerOptions {
  readonly api: KubeApi;
  /** Folder that holds the folders of volumes. */
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/** Serves every class of its provisioner until the signal aborts; resolves when `standard` exists and claims are watched. */
export async function startProvisioner(options: ProvisionerOptions): Promise<void> {
  const { api, signal, onError } = options;
  await createStandardClass(api, signal);
  const claims = startObjectStore(api, { kind: "V1PersistentVolumeClaim", path: "/api/v1/persistentvolumeclaims" });
  const volumes = startObjectStore(api, { kind: "V1PersistentVolume", path: "/api/v1/persistentvolumes" });
  signal.addEventListener("abort", () => {
    claims.stop();
    volumes.stop();
  });
  const report = (error: unknown): void => {
    if (!signal.aborted) onError(error);
  };
  claims.onChange((claim, deleted) => {
    if (!deleted) provision(options, claim).catch(report);
  });
  volumes.onChange((volume, deleted) => {
    if (!deleted) reclaim(options, volume).catch(report);
  });
  await Promise.all([claims.synced, volumes.synced]);
}

async function createStandardClass(api: KubeApi, signal: AbortSignal): Promise<void> {
  const body = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: STANDARD_CLASS, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: PROVISIONER,
    reclaimPolicy: "Delete",
    volumeBindingMode: "Immediate",
  };
  const path = "/apis/storage.k8s.io/v1/storageclasses";
  await untilAnswered(signal, () => api.request({ method: "POST", path, body, signal })).catch((error: unknown) => {
    if (!isStatus(error, 409)) throw error;
  });
}

async function provision(options: ProvisionerOptions, claim: V1PersistentVolumeClaim): Promise<void> {
  const { api, signal } = options;
  const className = claim.spec?.storageClassName ?? "";
  if (claim.spec?.volumeName || claim.metadata?.deletionTimestamp || className === "") return;
  const storageClass = await readStorageClass(api, className);
  if (storageClass?.provisioner !== PROVISIONER) return;
  const waits = storageClass.volumeBindingMode === "WaitForFirstConsumer";
  if (waits && claim.metadata?.annotations?.[SELECTED_NODE] === undefined) return;
  const { namespace, name, uid } = claim.metadata ?? {};
  const volumeName = `pvc-${uid}`;
  const folder = join(options.dir, volumeName);
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o777);
  const body = {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: volumeName, annotations: { [PROVISIONED_BY]: PROVISIONER } },
    spec: {
      capacity: { storage: claim.spec?.resources?.requests?.["storage"] ?? "1Gi" },
      accessModes: claim.spec?.accessModes ?? ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
      storageClassName: className,
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid },
      hostPath: { path: folder, type: "DirectoryOrCreate" },
    },
  };
  const path = "/api/v1/persistentvolumes";
  await untilAnswered(signal, () => api.request({ method: "POST", path, body, signal })).catch((error: unknown) => {
    if (!isStatus(error, 409)) throw error;
  });
}

async function readStorageClass(api: KubeApi, name: string): Promise<ReturnType<typeof parseClass> | undefined> {
  try {
    return parseClass(await api.request({ method: "GET", path: `/apis/storage.k8s.io/v1/storageclasses/${name}` }));
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

function parseClass(value: unknown) {
  return parseKind("V1StorageClass", value);
}

async function reclaim(options: ProvisionerOptions, volume: V1PersistentVolume): Promise<void> {
  const { api, signal } = options;
  const folder = volume.spec?.hostPath?.path;
  const isOurs = volume.metadata?.annotations?.[PROVISIONED_BY] === PROVISIONER;
  const isReleased = volume.status?.phase === "Released" && volume.metadata?.deletionTimestamp === undefined;
  if (!isOurs || !isReleased || volume.spec?.persistentVolumeReclaimPolicy !== "Delete") return;
  // Another node's provisioner has made it in another folder, and takes it away.
  if (folder === undefined || !folder.startsWith(`${options.dir}/`)) return;
  await rm(folder, { recursive: true, force: true });
  const path = `/api/v1/persistentvolumes/${volume.metadata?.name}`;
  await untilAnswered(signal, () => api.request({ method: "DELETE", path, signal })).catch((error: unknown) => {
    if (!isStatus(error, 404)) throw error;
  });
}

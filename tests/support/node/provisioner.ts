/** Makes volumes for claims: folders of this machine, for the class `standard`, once a pod that uses the claim has a node. */
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { textAt, valueAt } from "../../../shared/json/value.ts";
import { createInformer, type Informer } from "../../../shared/kube/cache/informer.ts";
import { isAlreadyExists } from "../../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import type { Resource } from "../../../shared/kube/resource.ts";
import { WorkQueue } from "../../../shared/kube/work-queue.ts";
import { KUBERNETES } from "../objects/resources.ts";

export const STORAGE_CLASS = "standard";
const PROVISIONER = "stash-batch.invalid/folders";
/** The annotation of a claim whose first pod the scheduler has placed. */
const SELECTED_NODE = "volume.kubernetes.io/selected-node";
const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";

export async function createStorageClass(client: KubeClient): Promise<void> {
  const body = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: STORAGE_CLASS, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: PROVISIONER,
    volumeBindingMode: "WaitForFirstConsumer",
    reclaimPolicy: "Delete",
  };
  await client.create(KUBERNETES.StorageClass, undefined, body, asIs).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}

/** Short, so that an API server that was away finds this as soon as it is back. */
const BACKOFF = { baseMs: 100, maxMs: 1_000 } as const;
const EVERYTHING = "everything";

/**
 * Makes what is missing and takes away what is released, with every change of a class, a claim or a volume, until the process ends.
 *
 * @param dir folder of the volumes
 * @param onFault is told of what went wrong; it is tried again
 */
export function startProvisioner(client: KubeClient, dir: string, onFault: (error: unknown) => void): void {
  const queue = new WorkQueue({
    run: () => provision(),
    onError: (_key, error) => onFault(error),
    concurrency: 1,
    backoff: BACKOFF,
  });
  const watched = (resource: Resource): Informer<unknown> => {
    const informer = createInformer({
      client,
      resource,
      transform: asIs,
      indexes: {},
      onProblem: (problem) => onFault("error" in problem ? problem.error : problem.kind),
      timings: { backoff: BACKOFF },
    });
    const look = () => queue.add(EVERYTHING);
    informer.subscribe({ add: look, update: look, delete: look });
    informer.start();
    return informer;
  };
  const classes = watched(KUBERNETES.StorageClass);
  const claims = watched(KUBERNETES.PersistentVolumeClaim);
  const volumes = watched(KUBERNETES.PersistentVolume);
  queue.start();

  async function provision(): Promise<undefined> {
    for (const claim of claims.list()) if (isOwed(claim)) await makeVolume(client, dir, claim);
    for (const volume of volumes.list()) {
      const isOurs = textAt(volume, "metadata", "annotations", PROVISIONED_BY) === PROVISIONER;
      if (!isOurs || textAt(volume, "status", "phase") !== "Released") continue;
      const name = textAt(volume, "metadata", "name") ?? "";
      await client.delete(KUBERNETES.PersistentVolume, undefined, name);
      await rm(join(dir, name), { recursive: true, force: true });
    }
  }

  function isOwed(claim: unknown): boolean {
    const storageClass = classes.get(undefined, textAt(claim, "spec", "storageClassName") ?? "");
    if (textAt(storageClass, "provisioner") !== PROVISIONER) return false;
    const isWaiting =
      textAt(claim, "status", "phase") === "Pending" && textAt(claim, "spec", "volumeName") === undefined;
    if (!isWaiting || valueAt(claim, "metadata", "deletionTimestamp") !== undefined) return false;
    // Made a moment ago, and not bound yet.
    if (volumes.get(undefined, volumeNameOf(claim)) !== undefined) return false;
    return (
      textAt(storageClass, "volumeBindingMode") !== "WaitForFirstConsumer" ||
      textAt(claim, "metadata", "annotations", SELECTED_NODE) !== undefined
    );
  }
}

function volumeNameOf(claim: unknown): string {
  return `pvc-${textAt(claim, "metadata", "uid")}`;
}

async function makeVolume(client: KubeClient, dir: string, claim: unknown): Promise<void> {
  const name = volumeNameOf(claim);
  const path = join(dir, name);
  await mkdir(path, { recursive: true });
  // What a driver without fsGroup gives: everybody may write.
  await chmod(path, 0o777);
  const body = {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, annotations: { [PROVISIONED_BY]: PROVISIONER } },
    spec: {
      capacity: { storage: textAt(claim, "spec", "resources", "requests", "storage") },
      accessModes: valueAt(claim, "spec", "accessModes"),
      ...(valueAt(claim, "spec", "volumeMode") !== undefined && { volumeMode: valueAt(claim, "spec", "volumeMode") }),
      persistentVolumeReclaimPolicy: "Delete",
      storageClassName: textAt(claim, "spec", "storageClassName"),
      hostPath: { path, type: "Directory" },
      claimRef: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        namespace: textAt(claim, "metadata", "namespace"),
        name: textAt(claim, "metadata", "name"),
        uid: textAt(claim, "metadata", "uid"),
      },
    },
  };
  await client.create(KUBERNETES.PersistentVolume, undefined, body, asIs).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}

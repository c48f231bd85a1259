/** Makes volumes for claims: folders of this machine, for the class `standard`, once a pod that uses the claim has a node. */
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { textAt, valueAt } from "../../../shared/json/value.ts";
import { isAlreadyExists, isNotFound } from "../../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
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

/** Makes what is missing, and takes away what is released, once. @param dir folder of the volumes */
export async function provision(client: KubeClient, dir: string): Promise<void> {
  const classes = await client.list(KUBERNETES.StorageClass, undefined, asIs);
  const ours = new Map(
    classes.items
      .filter((one) => textAt(one, "provisioner") === PROVISIONER)
      .map((one) => [textAt(one, "metadata", "name"), textAt(one, "volumeBindingMode")]),
  );
  const claims = await client.list(KUBERNETES.PersistentVolumeClaim, undefined, asIs);
  for (const claim of claims.items) {
    const mode = ours.get(textAt(claim, "spec", "storageClassName"));
    const isWaiting =
      textAt(claim, "status", "phase") === "Pending" && textAt(claim, "spec", "volumeName") === undefined;
    if (mode === undefined || !isWaiting || valueAt(claim, "metadata", "deletionTimestamp") !== undefined) continue;
    if (mode === "WaitForFirstConsumer" && textAt(claim, "metadata", "annotations", SELECTED_NODE) === undefined)
      continue;
    await makeVolume(client, dir, claim);
  }
  const volumes = await client.list(KUBERNETES.PersistentVolume, undefined, asIs);
  for (const volume of volumes.items) {
    const isOurs = textAt(volume, "metadata", "annotations", PROVISIONED_BY) === PROVISIONER;
    if (!isOurs || textAt(volume, "status", "phase") !== "Released") continue;
    const name = textAt(volume, "metadata", "name") ?? "";
    await client.delete(KUBERNETES.PersistentVolume, undefined, name).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    await rm(join(dir, name), { recursive: true, force: true });
  }
}

async function makeVolume(client: KubeClient, dir: string, claim: unknown): Promise<void> {
  const name = `pvc-${textAt(claim, "metadata", "uid")}`;
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

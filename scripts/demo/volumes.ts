/** The application's volumes as folders of this machine, to look at their files and to destroy them. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { KubeClient } from "../../shared/kube/client.ts";
import { describeTree } from "../../tests/support/files/tree.ts";
import { KUBERNETES } from "../../tests/support/objects/resources.ts";

interface Volume {
  readonly claim: string;
  readonly folder: string;
}

interface PersistentVolume {
  readonly spec: {
    readonly hostPath?: { readonly path: string };
    readonly claimRef?: { readonly namespace?: string; readonly name?: string };
  };
}

function isPersistentVolume(value: unknown): value is PersistentVolume {
  return typeof value === "object" && value !== null && "spec" in value;
}

function parseVolume(value: unknown): PersistentVolume {
  if (!isPersistentVolume(value)) throw new Error("the API server sent no PersistentVolume");
  return value;
}

/** Volumes of the demo's claims, in order of their claims. */
export async function findVolumes(client: KubeClient): Promise<readonly Volume[]> {
  const { items } = await client.list(KUBERNETES.PersistentVolume, undefined, parseVolume);
  return items
    .filter((volume) => volume.spec.claimRef?.namespace === "demo")
    .map((volume) => ({ claim: volume.spec.claimRef?.name ?? "", folder: volume.spec.hostPath?.path ?? "" }))
    .sort((a, b) => a.claim.localeCompare(b.claim));
}

/** Every file of every volume, one line each. */
export async function describeVolumes(volumes: readonly Volume[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { claim, folder } of volumes) {
    for (const line of await describeTree(folder)) lines.push(`${claim}: ${line}`);
  }
  return lines;
}

/** Deletes everything in the volumes; the folders stay. */
export async function destroyFiles(volumes: readonly Volume[]): Promise<void> {
  for (const { folder } of volumes) {
    for (const entry of await readdir(folder)) await rm(join(folder, entry), { recursive: true });
  }
}

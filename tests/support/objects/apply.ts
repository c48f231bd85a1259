/** Applies manifests as `kubectl apply --server-side` does. */
import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { resourceOf } from "./resources.ts";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

function isManifest(value: unknown): value is Manifest {
  return typeof value === "object" && value !== null && "kind" in value && "metadata" in value;
}

/** The objects of a YAML text with any number of documents. */
export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter(isManifest);
}

/** Applies objects in their order; what exists is brought to what they say. */
export async function applyManifests(client: KubeClient, manifests: readonly Manifest[]): Promise<void> {
  for (const manifest of manifests) {
    const resource = resourceOf(manifest.kind);
    const namespace = resource.namespaced ? (manifest.metadata.namespace ?? "default") : undefined;
    const patch = { kind: "apply", body: manifest, force: true } as const;
    await client.patch(resource, namespace, manifest.metadata.name, patch, asIs, { fieldManager: "stash-batch-tests" });
  }
}

export async function applyFile(client: KubeClient, path: string): Promise<void> {
  await applyManifests(client, parseManifests(await readFile(path, "utf8")));
}

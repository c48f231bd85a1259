/**
 * An installation as a cluster's admin has it: a control plane, nodes, and install.yaml. Webhook and reconciler are pods that run
 * from the image's file system with the rights of their own ServiceAccounts.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildImageRoot } from "../../../scripts/image-root/build-image-root.ts";
import { ENTRY_POINT, IMAGE_USER } from "../../../scripts/image-root/contents.ts";
import { readObjects } from "../../../scripts/manifests/compose.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client.ts";
import { findConnection } from "../../../shared/kube/connect.ts";
import { createKubeClient } from "../../../shared/kube/http-client.ts";
import { numberAt, textAt } from "../../../shared/kube/json-value.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import type { ImageTable } from "../node/image-table.ts";
import { reapFolder } from "../node/node-folder.ts";
import { type ProcessNode, startProcessNode } from "../node/process-node.ts";
import { resourceOf } from "../objects/resources.ts";
import { type Audit, prepareAudit } from "./audit.ts";

export const INSTALLED_IMAGE = "stash-batch.invalid/stash-batch:0.1.0";
const INSTALL_FILE = resolve(import.meta.dirname, "../../../manifests/install.yaml");

export interface InstalledProduct {
  readonly controlPlane: ControlPlane;
  readonly audit: Audit;
  readonly nodes: readonly ProcessNode[];
  /** With every right. */
  readonly client: KubeClient;
  /** Temporary folder for whatever a test needs. */
  readonly dir: string;
  /** The image's file system. */
  readonly imageRoot: string;
  stop(): Promise<void>;
}

export interface InstallOptions {
  readonly nodes: readonly string[];
  /** Images besides the product's. */
  readonly images?: ImageTable;
  /** Is told what happens meanwhile. Default: stderr. */
  readonly onProgress?: (line: string) => void;
}

/** Starts everything but applies nothing. */
export async function startEmptyCluster(options: InstallOptions): Promise<InstalledProduct> {
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-install-"));
  // For an end that lets nothing be undone.
  const reaper = reapFolder(dir);
  const undo: (() => Promise<unknown>)[] = [
    async () => {
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
      reaper.dismiss();
    },
  ];
  const stop = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    const imageRoot = join(dir, "image");
    const audit = await prepareAudit(dir);
    const [controlPlane] = await Promise.all([
      startControlPlane({
        crds: false,
        extraApiServerFlags: audit.flags,
        ...(options.onProgress !== undefined && { onProgress: options.onProgress }),
      }),
      buildImageRoot(imageRoot),
    ]);
    undo.push(() => controlPlane.stop());
    const { kubeconfigPath, kubeletCa } = controlPlane;
    const client = createKubeClient({
      connection: await findConnection({ env: {}, kubeconfigPath }),
      program: "tests",
    });
    undo.push(async () => client.close());
    const product = { root: imageRoot, command: ENTRY_POINT, user: IMAGE_USER };
    const images = { [INSTALLED_IMAGE]: product, ...options.images };
    const nodes: ProcessNode[] = [];
    await mkdir(join(dir, "nodes"));
    for (const [index, name] of options.nodes.entries()) {
      const nodeDir = join(dir, "nodes", name);
      const provisioner = index === 0;
      const node = await startProcessNode({ kubeconfigPath, kubeletCa, images, name, dir: nodeDir, provisioner });
      undo.push(() => node.stop());
      nodes.push(node);
    }
    return { controlPlane, audit, nodes, client, dir, imageRoot, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Applies install.yaml on the server's side, as an admin does.
 *
 * @returns name and version of each object
 */
export async function applyInstallation(
  client: KubeClient,
  { force = false }: { readonly force?: boolean } = {},
): Promise<ReadonlyMap<string, string>> {
  const versions = new Map<string, string>();
  for (const body of readObjects(INSTALL_FILE)) {
    const kind = textAt(body, "kind") ?? "";
    const name = textAt(body, "metadata", "name") ?? "";
    const resource = resourceOf(kind);
    const namespace = resource.namespaced ? textAt(body, "metadata", "namespace") : undefined;
    const options = { fieldManager: "kubectl" };
    const applied = await client.patch(resource, namespace, name, { kind: "apply", body, force }, asIs, options);
    versions.set(`${kind} ${name}`, versionOf(kind, applied));
  }
  return versions;
}

/** A rollout goes on writing the status of a Deployment; its generation counts changes of the rest. */
function versionOf(kind: string, object: unknown): string {
  if (kind === "Deployment") return `generation ${numberAt(object, "metadata", "generation")}`;
  return textAt(object, "metadata", "resourceVersion") ?? "";
}

/**
 * An installation as a cluster's admin has it: a cluster, and install.yaml. Webhook and reconciler are pods of the product's
 * image, with the rights of their own ServiceAccounts.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { ImageProgram } from "../../../scripts/images/product-image.ts";
import { readObjects } from "../../../scripts/manifests/compose.ts";
import { UNNAMED_IMAGE } from "../../../scripts/manifests/installation.ts";
import { numberAt, textAt } from "../../../shared/json/value.ts";
import { createKubeClient } from "../../../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { findConnection } from "../../../shared/kube/connection/find.ts";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { reapFolder } from "../control-plane/folder-reaper.ts";
import { removeFolder } from "../control-plane/remove-folder.ts";
import type { TestImages } from "../images/test-image.ts";
import { startCluster } from "../node/cluster.ts";
import type { ClusterNode } from "../node/node.ts";
import { resourceOf } from "../objects/resources.ts";
import { type Audit, prepareAudit } from "./audit.ts";

export const INSTALLED_IMAGE = UNNAMED_IMAGE;
const INSTALL_FILE = resolve(import.meta.dirname, "../../../manifests/install.yaml");

export interface InstalledProduct {
  readonly controlPlane: ControlPlane;
  readonly audit: Audit;
  readonly nodes: readonly ClusterNode[];
  /** This machine's address in the network of nodes and pods. */
  readonly gateway: string;
  /** With every right. */
  readonly client: KubeClient;
  /** Temporary folder for whatever a test needs. */
  readonly dir: string;
  /** Our own program, as it lies in the image's file system. */
  readonly programFolder: string;
  stop(): Promise<void>;
}

export interface InstallOptions {
  readonly nodes: readonly string[];
  /** Images besides the product's. */
  readonly images?: TestImages;
  /** As of startCluster. */
  readonly program?: ImageProgram;
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
      removeFolder(dir);
      reaper.dismiss();
    },
  ];
  const stop = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    const audit = await prepareAudit(dir);
    const cluster = await startCluster({
      nodeNames: options.nodes,
      productNames: [INSTALLED_IMAGE],
      images: options.images ?? {},
      crds: false,
      extraApiServerFlags: audit.flags,
      program: options.program,
      ...(options.onProgress !== undefined && { onProgress: options.onProgress }),
    });
    undo.push(() => cluster.stop());
    const { controlPlane, nodes, gateway, program } = cluster;
    const { kubeconfigPath } = controlPlane;
    const client = createKubeClient({
      connection: await findConnection({ env: {}, kubeconfigPath }),
      program: "tests",
    });
    undo.push(async () => client.close());
    return { controlPlane, audit, nodes, gateway, client, dir, programFolder: program.folder, stop };
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

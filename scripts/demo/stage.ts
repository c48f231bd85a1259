/** What the story is told on: the machine's programs, a cluster of its own with the product, and a place for snapshots. */
import { join } from "node:path";
import { KINDS } from "../../shared/api/kinds.ts";
import { Install } from "../../shared/contract.ts";
import { messageOf } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import { createPodExec } from "../../shared/kube/exec/pod.ts";
import { readLogTail } from "../../shared/kube/logs.ts";
import { startUi, type UiProcess } from "../../tests/support/cli/ui-process.ts";
import { eventually } from "../../tests/support/eventually.ts";
import {
  applyInstallation,
  type InstalledProduct,
  startEmptyCluster,
} from "../../tests/support/install/installed-product.ts";
import { listPods, waitForReadyPods } from "../../tests/support/objects/pods.ts";
import { KUBERNETES } from "../../tests/support/objects/resources.ts";
import { PLUGIN_FILE } from "../build.ts";
import { BUNDLES_FOLDER } from "../image-root/contents.ts";
import { ensureClusterPrograms, ensurePrerequisites, NODE_PREREQUISITES } from "../prerequisites.ts";
import { type Application, NAMESPACE, openApplication, STEP_TIMEOUT_MS } from "./application.ts";
import { type DemoBackend, startBackend } from "./backend.ts";
import { DEMO_IMAGES } from "./images.ts";
import type { Options } from "./options.ts";
import { openPages } from "./pages.ts";
import type { Teller } from "./terminal/teller.ts";

const LAST_LINES = 30;
const REPLICAS = 2;
/** The last that the reconciler brings and the story needs. */
const CATALOGUE_TASK = "mariadb-restore";

/** What the story runs on, as the Node says. */
export interface ClusterFacts {
  /** Version of the kubelet, such as v1.37.2. */
  readonly kubernetes: string;
  readonly node: "kubelet";
  /** Such as containerd://2.4.2. */
  readonly runtime: string;
}

export interface Stage {
  setUp(): Promise<{
    readonly application: Application;
    readonly backend: DemoBackend;
    readonly cluster: ClusterFacts;
  }>;
  /** How to look at what runs. */
  describe(): readonly string[];
  /** The ends of the product's logs. */
  lastWords(): Promise<readonly string[]>;
  /** Ends everything that setUp began, also while it is still at it. */
  close(): Promise<void>;
}

/** Waits for both programs and for what the reconciler adds to the installation. @returns the pods */
async function untilInstalled(client: KubeClient): Promise<readonly string[]> {
  const pods: string[] = [];
  for (const component of ["webhook", "reconciler"]) {
    const selector = `app.kubernetes.io/component=${component}`;
    const ready = await waitForReadyPods(client, Install.Namespace, selector, REPLICAS, STEP_TIMEOUT_MS);
    pods.push(...ready.map(({ name }) => name));
  }
  const tasks = () => client.list(KINDS.Task, undefined, (task) => textAt(task, "metadata", "name"));
  await eventually(tasks, ({ items }) => items.includes(CATALOGUE_TASK), STEP_TIMEOUT_MS);
  return pods;
}

async function readFacts(client: KubeClient): Promise<ClusterFacts> {
  const { items } = await client.list(KUBERNETES.Node, undefined, asIs);
  const info = (field: string) => textAt(items[0], "status", "nodeInfo", field) ?? "";
  return { kubernetes: info("kubeletVersion"), node: "kubelet", runtime: info("containerRuntimeVersion") };
}

/** What of the options the stage is built by. */
type StageOptions = Pick<Options, "backend" | "hasPages">;

export function openStage({ backend: backendName, hasPages }: StageOptions, teller: Teller): Stage {
  let starting: Promise<InstalledProduct> | undefined;
  let cluster: InstalledProduct | undefined;
  let backend: DemoBackend | undefined;
  let pages: UiProcess | undefined;
  let isClosed = false;

  return {
    async setUp() {
      teller.chapter("Making this machine ready (the first time takes minutes)");
      const onProgress = (line: string) => teller.say(line);
      await ensurePrerequisites({ need: NODE_PREREQUISITES, onProgress });
      await ensureClusterPrograms({ onProgress });
      if (isClosed) throw new Error("closed");

      teller.chapter("A cluster with one node, and the product's image");
      starting = startEmptyCluster({ nodes: ["node-a"], images: DEMO_IMAGES, onProgress });
      cluster = await starting;
      const { client, controlPlane, dir, gateway } = cluster;
      const facts = await readFacts(client);
      teller.say(
        `API server at ${controlPlane.serverUrl}; the node runs kubelet ${facts.kubernetes} on ${facts.runtime}`,
      );
      backend = await startBackend(backendName, { dir, address: gateway });

      teller.chapter("kubectl apply --server-side -f manifests/install.yaml");
      teller.say(`${(await applyInstallation(client)).size} objects`);
      for (const pod of await untilInstalled(client)) teller.say(`${pod} is ready`);
      if (hasPages) {
        const program = join(cluster.programFolder, BUNDLES_FOLDER, PLUGIN_FILE);
        const args = ["-n", NAMESPACE, "--allow-actions"];
        pages = await openPages(() => startUi(program, controlPlane.kubeconfigPath, args), teller);
      }
      const connection = await findConnection({ env: {}, kubeconfigPath: controlPlane.kubeconfigPath });
      return { application: openApplication(client, createPodExec({ connection })), backend, cluster: facts };
    },
    describe() {
      if (cluster === undefined || backend === undefined) return [];
      const { programsDir, kubeconfigPath } = cluster.controlPlane;
      const kubectl = `${programsDir}/kubectl --kubeconfig ${kubeconfigPath} -n ${NAMESPACE}`;
      return [
        `${kubectl} get backupbatch,backupsession,restorebatch,repository`,
        `${kubectl} get pods -o wide`,
        `${kubectl} describe backupsession wordpress-backup-instant`,
        `${kubectl} logs deployment/wordpress-app -c stash`,
        `${kubectl} logs deployment/stash-batch-reconciler --namespace ${Install.Namespace}`,
        `the snapshots lie in ${backend.place}`,
      ];
    },
    async lastWords() {
      if (cluster === undefined) return [];
      const { client } = cluster;
      const pods = await listPods(client, Install.Namespace, "app.kubernetes.io/component").catch(() => []);
      const words: string[] = [];
      for (const { name, containers } of pods) {
        for (const container of containers) {
          const at = { container, lines: LAST_LINES };
          const text = await readLogTail(client, Install.Namespace, name, at).catch(() => "");
          words.push(`--- ${name}`, ...text.trimEnd().split("\n"));
        }
      }
      return words;
    },
    async close() {
      isClosed = true;
      const tell = (error: unknown) => teller.say(`clean-up: ${messageOf(error)}`);
      await pages?.stop().catch(tell);
      // A failed start has cleaned up after itself.
      cluster ??= await starting?.catch(() => undefined);
      await backend?.stop().catch(tell);
      await cluster?.stop().catch(tell);
    },
  };
}

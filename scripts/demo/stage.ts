/** What the story is told on: the machine's programs, a cluster of its own with the product, and a place for snapshots. */
import { messageOf } from "../../shared/errors.ts";
import { findConnection } from "../../shared/kube/connect.ts";
import { createPodExec } from "../../shared/kube/exec.ts";
import { type InstalledCluster, startInstalledCluster } from "../../tests/support/product/installed-cluster.ts";
import { ensureControlPlanePrograms, ensurePrerequisites } from "../prerequisites.ts";
import { type Application, NAMESPACE, openApplication } from "./application.ts";
import { type BackendName, type DemoBackend, startBackend } from "./backend.ts";
import { DEMO_IMAGES, DEMO_PREREQUISITES } from "./images.ts";
import type { Teller } from "./terminal/teller.ts";

const LAST_LINES = 30;

export interface Stage {
  setUp(): Promise<{ readonly application: Application; readonly backend: DemoBackend }>;
  /** How to look at what runs. */
  describe(): readonly string[];
  /** The ends of the product's logs. */
  lastWords(): Promise<readonly string[]>;
  /** Ends everything that setUp began, also while it is still at it. */
  close(): Promise<void>;
}

export function openStage(backendName: BackendName, teller: Teller): Stage {
  let starting: Promise<InstalledCluster> | undefined;
  let cluster: InstalledCluster | undefined;
  let backend: DemoBackend | undefined;
  let isClosed = false;

  return {
    async setUp() {
      teller.chapter("Making this machine ready (the first time takes minutes)");
      const onProgress = (line: string) => teller.say(line);
      await ensurePrerequisites({ need: DEMO_PREREQUISITES, onProgress });
      await ensureControlPlanePrograms({ onProgress });
      if (isClosed) throw new Error("closed");

      teller.chapter("A control plane, a node, and stash-batch beside them");
      starting = startInstalledCluster({ images: DEMO_IMAGES, onProgress });
      cluster = await starting;
      const { client, controlPlane, dir, nodes } = cluster;
      backend = await startBackend(backendName, { dir, address: nodes[0]?.address ?? "" });
      const connection = await findConnection({ env: {}, kubeconfigPath: controlPlane.kubeconfigPath });
      return { application: openApplication(client, createPodExec({ connection })), backend };
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
        `the snapshots lie in ${backend.place}`,
      ];
    },
    async lastWords() {
      if (cluster === undefined) return [];
      const { product } = cluster;
      const logs = await Promise.all((["webhook", "reconciler"] as const).map((program) => product.log(program)));
      return logs.map((log) => log.trimEnd().split("\n").slice(-LAST_LINES).join("\n"));
    },
    async close() {
      isClosed = true;
      const tell = (error: unknown) => teller.say(`clean-up: ${messageOf(error)}`);
      // A failed start has cleaned up after itself.
      cluster ??= await starting?.catch(() => undefined);
      await backend?.stop().catch(tell);
      await cluster?.stop().catch(tell);
    },
  };
}

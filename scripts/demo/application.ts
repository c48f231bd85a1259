/** The demo's application in its cluster: applies manifests, waits for pods, runs commands in them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { PodExec } from "../../shared/kube/exec/pod.ts";
import { applyManifests, type Manifest, parseManifests } from "../../tests/support/objects/apply.ts";
import { waitForContainer, waitForReadyPods } from "../../tests/support/objects/pods.ts";
import {
  type Evidence,
  findPodAddress,
  findVolumeFolder,
  parseTables,
  readFiles,
  readPages,
  TABLES_SCRIPT,
} from "./evidence.ts";
import type { Origin } from "./wordpress/http.ts";

export const NAMESPACE = "demo";
export const STEP_TIMEOUT_MS = 180_000;
const COMMAND_TIMEOUT_MS = 60_000;

export interface Application {
  readonly client: KubeClient;
  /** Makes the namespace, the repository and the invoker. @param backend Secret and Repository */
  applyPlan(backend: readonly Manifest[]): Promise<void>;
  /** Applies one of the demo's manifests. @param words words in the file, and what they stand for */
  applyFile(file: string, words?: Readonly<Record<string, string>>): Promise<void>;
  /** Waits until database and WordPress are ready. @returns the containers of each pod */
  untilReady(): Promise<readonly string[]>;
  /** Runs a script in the application's container. @throws Error with its words when it fails */
  run(app: "wordpress-app" | "wordpress-db", script: string): Promise<string>;
  /** Where WordPress answers now. */
  origin(): Promise<Origin>;
  /** Pages, tables and files as they are now. */
  takeEvidence(paths: readonly string[]): Promise<Evidence>;
}

const CONTAINERS = { "wordpress-app": "wordpress", "wordpress-db": "mariadb" } as const;

export function openApplication(client: KubeClient, exec: PodExec): Application {
  const apply = (manifests: readonly Manifest[]) => applyManifests(client, manifests);

  async function run(app: keyof typeof CONTAINERS, script: string): Promise<string> {
    const [pod] = await waitForReadyPods(client, NAMESPACE, `app=${app}`, 1, STEP_TIMEOUT_MS);
    const { end, stdout, stderr } = await exec({
      namespace: NAMESPACE,
      pod: pod?.name ?? "",
      container: CONTAINERS[app],
      command: ["sh", "-c", script],
      timeoutMs: COMMAND_TIMEOUT_MS,
    });
    if (end.kind === "timedOut" || end.exitCode !== 0) throw new Error(`in the pod of ${app}: ${script}: ${stderr}`);
    return stdout;
  }

  async function origin(): Promise<Origin> {
    return {
      address: await findPodAddress(client, NAMESPACE, "app=wordpress-app"),
      port: 80,
      hostName: "wordpress-app.demo",
    };
  }

  async function applyFile(file: string, words: Readonly<Record<string, string>> = {}): Promise<void> {
    let text = await readFile(join(import.meta.dirname, "manifests", file), "utf8");
    for (const [word, value] of Object.entries(words)) text = text.replaceAll(word, value);
    await apply(parseManifests(text));
  }

  return {
    client,
    applyFile,
    async applyPlan(backend) {
      await apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }, ...backend]);
      await applyFile("backup.yaml");
    },
    async untilReady() {
      const [database] = await waitForReadyPods(client, NAMESPACE, "app=wordpress-db", 1, STEP_TIMEOUT_MS);
      const [site] = await waitForContainer(client, NAMESPACE, "app=wordpress-app", "stash", 1, STEP_TIMEOUT_MS);
      return [database, site].flatMap((pod) => (pod ? [`${pod.name}: ${pod.containers.join(", ")}`] : []));
    },
    run,
    origin,
    async takeEvidence(paths) {
      // Pages last: WordPress may note something in its tables while it serves them.
      const tables = parseTables(await run("wordpress-db", TABLES_SCRIPT));
      const files = await readFiles(await findVolumeFolder(client, NAMESPACE, "wordpress-pvc"));
      const pages = await readPages(await origin(), paths);
      return {
        facts: [...pages.facts, ...tables, ...files.facts],
        servedBytes: pages.bytes,
        fileBytes: files.bytes,
      };
    },
  };
}

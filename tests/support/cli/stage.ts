/** An application of two Deployments with data and a batch, and the built program in front of it. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { PLUGIN_FILE } from "../../../scripts/build.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { parseJson, textAt } from "../../../shared/json/value.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import { makeUserKubeconfig } from "../control-plane/kubeconfig.ts";
import { eventually } from "../eventually.ts";
import { waitForContainer } from "../objects/pods.ts";
import type { Installation } from "../product/installed-cluster.ts";
import { batchManifest, partManifest } from "../restore/application.ts";
import { openRestoreStand, type RestoreStand } from "../restore/restore-stand.ts";
import { sharedPlane } from "../shared-plane.ts";
import { type PluginOptions, type PluginRun, runPlugin } from "./plugin.ts";

/** When the files that tests change were last written: seconds since the epoch. */
const SAVED_AT = 1_700_000_000;

export const DB = { kind: "Deployment", name: "db" } as const;
export const WEB = { kind: "Deployment", name: "web" } as const;
const TIMEOUT_MS = 90_000;

export interface CliStage {
  readonly namespace: string;
  readonly stand: RestoreStand;
  /** For files of the test's own. */
  readonly dir: string;
  /** Folders of the data, by member. */
  readonly folders: ReadonlyMap<string, string>;
  readonly stash: (args: readonly string[], options?: PluginOptions) => Promise<PluginRun>;
  /** Of a run that must be good. */
  readonly output: (...args: readonly string[]) => Promise<string>;
  /** The same as JSON. */
  readonly data: (...args: readonly string[]) => Promise<unknown>;
  /** Makes a kubeconfig of that user with the test's namespace as that of its context. */
  readonly writeKubeconfig: (user: string, groups: readonly string[]) => Promise<string>;
}

export async function openCliStage(cluster: Installation, namespace: string): Promise<CliStage> {
  const { serverUrl, bundlesFolder } = sharedPlane();
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-cli-"));
  async function writeKubeconfig(user: string, groups: readonly string[]): Promise<string> {
    const config = parse(await makeUserKubeconfig(serverUrl, user, groups));
    for (const context of config.contexts) context.context.namespace = namespace;
    const path = join(dir, user);
    await writeFile(path, stringify(config), { mode: 0o600 });
    return path;
  }
  const kubeconfig = await writeKubeconfig("admin", ["system:masters"]);
  function stash(args: readonly string[], options: PluginOptions = {}): Promise<PluginRun> {
    return runPlugin(join(bundlesFolder, PLUGIN_FILE), args, {
      ...options,
      env: { KUBECONFIG: kubeconfig, ...options.env },
    });
  }
  async function output(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await stash(args);
    if (exitCode !== 0) throw new Error(`${args.join(" ")} ended with ${exitCode}: ${stderr}${stdout}`);
    return stdout;
  }
  const stand = await openRestoreStand(cluster, namespace);
  const folders = await makeApplication(stand, namespace);
  return {
    namespace,
    stand,
    dir,
    folders,
    stash,
    output,
    data: async (...args) => parseJson(await output(...args, "-o", "json")),
    writeKubeconfig,
  };
}

async function makeApplication(stand: RestoreStand, namespace: string): Promise<ReadonlyMap<string, string>> {
  const { marks, client } = stand;
  const folders = new Map<string, string>();
  for (const part of [DB, WEB]) {
    const folder = await stand.makeFolder(part.name);
    folders.set(part.name, folder);
    await writeFile(join(folder, "own"), `data of ${part.name}`);
    await mkdir(join(folder, "deep/er"), { recursive: true });
    await writeFile(join(folder, "deep/er/file"), "deep");
    // Whole seconds can be set again as they were.
    for (const path of ["own", "deep/er/file"]) await utimes(join(folder, path), SAVED_AT, SAVED_AT);
    await writeFile(join(folder, "bytes"), randomBytes(300_000));
  }
  await stand.apply(batchManifest(namespace, [DB, WEB], { executionOrder: "Sequential" }));
  for (const part of [DB, WEB]) {
    await stand.apply(partManifest({ ...part, namespace, marks, data: folders.get(part.name) ?? "" }));
  }
  for (const { name } of [DB, WEB]) await waitForContainer(client, namespace, `app=${name}`, "stash", 1, TIMEOUT_MS);
  const read = () => client.get(KINDS.BackupBatch, namespace, "nightly", asIs);
  await eventually(read, (batch) => textAt(batch, "status", "phase") === "Ready");
  return folders;
}

/**
 * `stash-batch explain`: runs the webhook's own decision on files or on a live workload, and tells its reasons; of objects of ours it
 * tells what their author must be allowed to do.
 */
import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import { KINDS } from "../../shared/api/kinds.ts";
import type { EffectSource } from "../../shared/effects/effects-of.ts";
import { formatUserError, messageOf, UserError } from "../../shared/errors.ts";
import { gatherInjectionView, type InjectionWorld } from "../../shared/injection/gather.ts";
import { readStrategy } from "../../shared/injection/strategy.ts";
import { readWorkload } from "../../shared/injection/workload.ts";
import { asIs, type KubeClient } from "../../shared/kube/client.ts";
import { findConnection } from "../../shared/kube/connect.ts";
import { createKubeClient } from "../../shared/kube/http-client.ts";
import { isJsonObject, textAt, valueAt } from "../../shared/kube/json-value.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { formatTarget } from "../../shared/target.ts";
import { decideMutation } from "../../webhook/decide.ts";
import { createWorld } from "../../webhook/world.ts";
import { formatEffects, gatherEffectView } from "./effects.ts";
import { type FileObjects, overlayWorld, readSource, sortObjects } from "./file-world.ts";
import { formatExplanation } from "./format.ts";
import { EXPLAIN_USAGE, type ExplainOptions, parseExplainArgs } from "./options.ts";

const SYNC_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

const WORKLOADS: Readonly<Record<string, Resource>> = {
  Deployment: { group: "apps", version: "v1", plural: "deployments", namespaced: true },
  StatefulSet: { group: "apps", version: "v1", plural: "statefulsets", namespaced: true },
  DaemonSet: { group: "apps", version: "v1", plural: "daemonsets", namespaced: true },
};

/** Everything that can be named as KIND/NAME. */
const LIVE: Readonly<Record<string, Resource>> = { ...WORKLOADS, ...KINDS };

/** What there is of a real cluster. */
interface Cluster {
  readonly client: KubeClient;
  readonly world: InjectionWorld;
  close(): Promise<void>;
}

/**
 * Explains and prints.
 *
 * @returns exit code: 0 when everything could be explained, 1 when not, 2 for wrong flags
 */
export async function runExplain(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  let cluster: Cluster | undefined;
  try {
    const options = parseExplainArgs(args);
    if (options === "help") {
      console.log(EXPLAIN_USAGE);
      return 0;
    }
    cluster = options.isOffline ? undefined : await openCluster(options, env);
    const texts = await explainAll(options, cluster);
    console.log(texts.join("\n\n"));
    return 0;
  } catch (error) {
    console.error(error instanceof UserError ? formatUserError(error) : messageOf(error));
    const isUsage = error instanceof UserError && error.code === "CONFIGURATION_INVALID";
    if (isUsage) console.error(`\n${EXPLAIN_USAGE}`);
    return isUsage ? 2 : 1;
  } finally {
    await cluster?.close();
  }
}

async function openCluster(
  options: ExplainOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Cluster> {
  const { kubeconfigPath } = options;
  const connection = await findConnection({ env, ...(kubeconfigPath !== undefined && { kubeconfigPath }) });
  const client = createKubeClient({ connection, program: "explain" });
  const problems: string[] = [];
  const world = createWorld({
    client,
    onProblem: (problem) =>
      problems.push(
        JSON.stringify(problem, (_key, field: unknown) => (field instanceof Error ? field.message : field)),
      ),
    onFail: () => undefined,
  });
  world.start();
  const close = async () => {
    await world.stop();
    client.close();
  };
  const deadline = performance.now() + SYNC_TIMEOUT_MS;
  while (!world.isSynced()) {
    if (performance.now() > deadline) {
      await close();
      throw new UserError("API_UNAVAILABLE", `the cluster could not be read: ${problems.slice(0, 3).join("; ")}`, {
        next: "check --kubeconfig and your rights to list the kinds of stash.appscode.com, or use --offline",
      });
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  return { client, world, close };
}

async function readObjects(files: readonly string[]): Promise<readonly unknown[]> {
  const objects: unknown[] = [];
  for (const file of files) {
    const documents = parseAllDocuments(await readFile(file, "utf8"));
    for (const document of documents) {
      if (document.errors[0] !== undefined) {
        throw new UserError("INVALID_OBJECT", `${file}: ${document.errors[0].message}`);
      }
      const value: unknown = document.toJS();
      const items = valueAt(value, "items");
      if (value !== null) objects.push(...(Array.isArray(items) ? items : [value]));
    }
  }
  return objects;
}

/** The object with the namespace that an apply would give it. */
function withNamespace(object: unknown, namespace: string): unknown {
  const metadata = valueAt(object, "metadata");
  if (!isJsonObject(object) || !isJsonObject(metadata) || metadata["namespace"] !== undefined) return object;
  return { ...object, metadata: { ...metadata, namespace } };
}

async function explainAll(options: ExplainOptions, cluster: Cluster | undefined): Promise<readonly string[]> {
  const objects = (await readObjects(options.files)).map((object) => withNamespace(object, options.namespace));
  const files = sortObjects(objects);
  const world = overlayWorld(files, cluster?.world);
  const texts: string[] = [];
  if (options.live !== undefined) {
    const found = await findLive(cluster, options.live.kind, options.namespace, options.live.name);
    if (found === undefined) {
      throw new UserError("NOT_FOUND", `there is no ${options.live.kind} ${options.namespace}/${options.live.name}`);
    }
    const source = readSource({ ...(isJsonObject(found) ? found : {}), kind: options.live.kind });
    texts.push(
      source === undefined ? explain(options, world, found, found) : await explainEffects(source, files, cluster),
    );
  }
  for (const object of files.others) {
    const kind = textAt(object, "kind") ?? "";
    if (WORKLOADS[kind] === undefined) continue;
    const namespace = textAt(object, "metadata", "namespace") ?? options.namespace;
    const live = await findLive(cluster, kind, namespace, textAt(object, "metadata", "name") ?? "");
    texts.push(explain(options, world, object, live));
  }
  for (const source of files.sources) texts.push(await explainEffects(source, files, cluster));
  if (texts.length === 0) {
    throw new UserError("NOT_FOUND", "the files hold no workload and no object of stash.appscode.com", {
      next: "add the workload's own file with -f, or name a live one as KIND/NAME",
    });
  }
  return texts;
}

async function explainEffects(
  source: EffectSource,
  { appBindings, others }: FileObjects,
  cluster: Cluster | undefined,
): Promise<string> {
  const workloads = others.flatMap((object) => readWorkload(object, "") ?? []);
  return formatEffects(source, await gatherEffectView(source, { appBindings, workloads }, cluster?.client));
}

async function findLive(cluster: Cluster | undefined, kind: string, namespace: string, name: string): Promise<unknown> {
  const resource = LIVE[kind];
  if (cluster === undefined || resource === undefined || name === "") return undefined;
  return cluster.client.find(resource, namespace, name, asIs);
}

function explain(options: ExplainOptions, world: InjectionWorld, object: unknown, live: unknown): string {
  const workload = readWorkload(object, options.namespace);
  if (workload === undefined) throw new UserError("INVALID_OBJECT", "the workload has no pod template");
  const liveTemplate = valueAt(live, "spec", "template");
  const view = gatherInjectionView(world, workload, options.settings);
  const decision = decideMutation({
    ...view,
    operation: live === undefined ? "CREATE" : "UPDATE",
    oldPodTemplate: isJsonObject(liveTemplate) ? liveTemplate : undefined,
    oldStrategy: live === undefined ? undefined : readStrategy(live),
    isSynced: true,
  });
  const replicas = valueAt(
    live,
    "status",
    textAt(object, "kind") === "DaemonSet" ? "currentNumberScheduled" : "replicas",
  );
  return formatExplanation({
    workload: formatTarget(workload),
    decision,
    podTemplate: workload.podTemplate,
    replicas: live === undefined ? undefined : typeof replicas === "number" ? replicas : 0,
    strategy:
      textAt(object, "spec", "updateStrategy", "type") ?? textAt(object, "spec", "strategy", "type") ?? "RollingUpdate",
  });
}

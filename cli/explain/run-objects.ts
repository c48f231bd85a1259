/**
 * Runs the webhook's own decision on objects, and tells its reasons; of objects of ours it tells what their author must be
 * allowed to do.
 */
import { KINDS } from "../../shared/api/kinds.ts";
import type { EffectSource } from "../../shared/effects/of-object.ts";
import { UserError } from "../../shared/errors.ts";
import { gatherInjectionView, type InjectionWorld } from "../../shared/injection/gather.ts";
import { readStrategy } from "../../shared/injection/strategy.ts";
import { readWorkload } from "../../shared/injection/workload.ts";
import { isJsonObject, textAt, valueAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { formatTarget } from "../../shared/target/ref.ts";
import { decideMutation } from "../../webhook/decide.ts";
import { saversOf } from "../coverage/decide.ts";
import { describeEffects, formatEffects, gatherEffectView } from "./effects.ts";
import { type FileObjects, overlayWorld, readSource, sortObjects } from "./file-world.ts";
import { formatExplanation } from "./format.ts";
import type { ExplainOptions } from "./options.ts";
import { formatSaver, gatherPointsOf, gatherSaversView } from "./savers.ts";
import { describeSchedulePlan, formatSchedulePlan } from "./schedule-plan.ts";
import type { WatchedCluster } from "./watch-cluster.ts";

const WORKLOADS: Readonly<Record<string, Resource>> = {
  Deployment: { group: "apps", version: "v1", plural: "deployments", namespaced: true },
  StatefulSet: { group: "apps", version: "v1", plural: "statefulsets", namespaced: true },
  DaemonSet: { group: "apps", version: "v1", plural: "daemonsets", namespaced: true },
};

/** Everything that can be named as KIND/NAME. */
const LIVE: Readonly<Record<string, Resource>> = { ...WORKLOADS, ...KINDS };

/** What is asked for, and the namespace of objects that name none. */
export type Choice = Pick<ExplainOptions, "live" | "settings" | "hasDiff"> & {
  readonly namespace: string;
  /** What is to be explained, beside the live one. */
  readonly objects: readonly unknown[];
};

/** What is told of one object. */
export interface Told {
  readonly data: object;
  readonly text: string;
}

/** The object with the namespace that an apply would give it. */
function withNamespace(object: unknown, namespace: string): unknown {
  const metadata = valueAt(object, "metadata");
  if (!isJsonObject(object) || !isJsonObject(metadata) || metadata["namespace"] !== undefined) return object;
  return { ...object, metadata: { ...metadata, namespace } };
}

/** @param cluster undefined: nothing but the objects is known */
export async function explainAll(options: Choice, cluster: WatchedCluster | undefined): Promise<readonly Told[]> {
  const objects = options.objects.map((object) => withNamespace(object, options.namespace));
  const files = sortObjects(objects);
  const world = overlayWorld(files, cluster?.world);
  const told: Told[] = [];
  if (options.live !== undefined) {
    const found = await findLive(cluster, options.live.kind, options.namespace, options.live.name);
    if (found === undefined) {
      throw new UserError("NOT_FOUND", `there is no ${options.live.kind} ${options.namespace}/${options.live.name}`);
    }
    const source = readSource({ ...(isJsonObject(found) ? found : {}), kind: options.live.kind });
    told.push(
      source === undefined
        ? await explain(options, world, found, found, files, cluster)
        : await explainSource(source, files, cluster),
    );
  }
  for (const object of files.others) {
    const kind = textAt(object, "kind") ?? "";
    if (WORKLOADS[kind] === undefined) continue;
    const namespace = textAt(object, "metadata", "namespace") ?? options.namespace;
    const live = await findLive(cluster, kind, namespace, textAt(object, "metadata", "name") ?? "");
    told.push(await explain(options, world, object, live, files, cluster));
  }
  for (const source of files.sources) told.push(await explainSource(source, files, cluster));
  if (told.length === 0) {
    throw new UserError("NOT_FOUND", "the files hold no workload and no object of stash.appscode.com", {
      next: "add the workload's own file with -f, or name a live one as KIND/NAME",
    });
  }
  return told;
}

async function explainSource(
  source: EffectSource,
  files: FileObjects,
  cluster: WatchedCluster | undefined,
): Promise<Told> {
  const workloads = files.others.flatMap((object) => readWorkload(object, "") ?? []);
  const view = await gatherEffectView(source, { ...files, workloads }, cluster?.client);
  const effects = { data: describeEffects(source, view), text: formatEffects(source, view) };
  if (source.kind !== "BackupBatch" && source.kind !== "BackupConfiguration") return effects;
  const nowMs = Date.now();
  const points = cluster && (await gatherPointsOf(cluster.reader, source));
  const lines = formatSchedulePlan(source, points, nowMs);
  return {
    data: {
      ...effects.data,
      ...describeSchedulePlan(source, points, nowMs),
    },
    text: [`${source.kind} ${source.namespace}/${source.name}`, ...lines, "", effects.text].join("\n"),
  };
}

async function findLive(
  cluster: WatchedCluster | undefined,
  kind: string,
  namespace: string,
  name: string,
): Promise<unknown> {
  const resource = LIVE[kind];
  if (cluster === undefined || resource === undefined || name === "") return undefined;
  return cluster.client.find(resource, namespace, name, asIs);
}

async function explain(
  options: Choice,
  world: InjectionWorld,
  object: unknown,
  live: unknown,
  files: FileObjects,
  cluster: WatchedCluster | undefined,
): Promise<Told> {
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
  const savers = saversOf(workload, await gatherSaversView(workload.namespace, files, cluster?.reader));
  const explanation = {
    workload: formatTarget(workload),
    savers: savers.map(formatSaver),
    hasDiff: options.hasDiff,
    decision,
    podTemplate: workload.podTemplate,
    replicas: live === undefined ? undefined : typeof replicas === "number" ? replicas : 0,
    strategy:
      textAt(object, "spec", "updateStrategy", "type") ?? textAt(object, "spec", "strategy", "type") ?? "RollingUpdate",
  };
  return {
    data: { workload: explanation.workload, backedUpBy: savers, ...decision },
    text: formatExplanation(explanation),
  };
}

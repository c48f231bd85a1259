/** Whether webhook and reconciler run, of the image that they are told to inject. */

import { objectsAt } from "../../shared/injection/workload.ts";
import { asIs, type KubeClient } from "../../shared/kube/client.ts";
import { listAt, numberAt, textAt, valueAt } from "../../shared/kube/json-value.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";
import type { Variant } from "./rights.ts";

const DEPLOYMENTS: Resource = { group: "apps", version: "v1", plural: "deployments", namespaced: true };
const CONFIG_MAPS: Resource = { group: "", version: "v1", plural: "configmaps", namespaced: true };
const NAMES = ["stash-batch-webhook", "stash-batch-reconciler"] as const;
const SETTINGS = "stash-batch";
const WATCH_FLAG = "--watch-namespace=";

export interface ProgramsView {
  readonly namespace: string;
  /** By name; undefined where there is none. */
  readonly deployments: ReadonlyMap<string, unknown>;
  readonly settings: unknown;
}

export async function gatherPrograms(client: Pick<KubeClient, "find">, namespace: string): Promise<ProgramsView> {
  const deployments = await Promise.all(
    NAMES.map(async (name) => [name, await client.find(DEPLOYMENTS, namespace, name, asIs)] as const),
  );
  const settings = await client.find(CONFIG_MAPS, namespace, SETTINGS, asIs);
  return { namespace, deployments: new Map(deployments), settings };
}

/** What the programs' flags say about the installation. */
export function readVariant({ deployments }: ProgramsView): Variant {
  const flags = [...deployments.values()].flatMap((deployment) => {
    const pod = valueAt(deployment, "spec", "template", "spec");
    return objectsAt(pod, "containers").flatMap((container) => listAt(container, "args").map(String));
  });
  const watched = flags.find((flag) => flag.startsWith(WATCH_FLAG));
  return {
    watchedNamespace: watched?.slice(WATCH_FLAG.length),
    usesCertManager: flags.includes("--certificates=cert-manager"),
  };
}

export function checkPrograms({ namespace, deployments, settings }: ProgramsView): readonly Finding[] {
  const wanted = textAt(settings, "data", "image");
  return NAMES.flatMap((name) => {
    const deployment = deployments.get(name);
    return [checkReplicas(namespace, name, deployment), ...checkImages(namespace, name, deployment, wanted)];
  });
}

function checkReplicas(namespace: string, name: string, deployment: unknown): Finding {
  const where = `Deployment ${namespace}/${name}`;
  if (deployment === undefined) {
    return fault(name, `${where} does not exist`, "install the product, or name its namespace with --namespace");
  }
  const wanted = numberAt(deployment, "spec", "replicas") ?? 1;
  const ready = numberAt(deployment, "status", "readyReplicas") ?? 0;
  const fix = `kubectl -n ${namespace} describe pods -l app.kubernetes.io/component=${name.replace("stash-batch-", "")}`;
  if (ready === 0) return fault(name, `no replica of ${where} is ready`, `see why: ${fix}`);
  if (ready < wanted) return warning(name, `${ready} of ${wanted} replicas of ${where} are ready`, `see why: ${fix}`);
  return ok(name, `${ready} of ${wanted} replicas are ready`);
}

function checkImages(
  namespace: string,
  name: string,
  deployment: unknown,
  wanted: string | undefined,
): readonly Finding[] {
  if (deployment === undefined) return [];
  const images = objectsAt(valueAt(deployment, "spec", "template", "spec"), "containers").map((container) =>
    textAt(container, "image"),
  );
  const other = images.find((image) => image !== wanted);
  if (other === undefined) return [];
  const check = "image";
  const message = `${name} runs ${other}, but injects ${wanted ?? "nothing that is set"}`;
  return [warning(check, message, `set \`image\` in ConfigMap ${namespace}/${SETTINGS} to the Deployments' image`)];
}

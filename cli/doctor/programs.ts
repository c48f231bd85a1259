/** Whether webhook and reconciler run, and inject the same image. */
import { objectsAt } from "../../shared/injection/workload.ts";
import { listAt, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { DEPLOYMENTS } from "../cluster/resources.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";
import type { Variant } from "./rights.ts";

const NAMES = ["stash-batch-webhook", "stash-batch-reconciler"] as const;
const IMAGE_FLAG = "--image=";
/** What the manifests say before somebody names an image: a name that nobody can ever register. */
const UNNAMED = /^[^/]+[.]invalid\//;
const WATCH_FLAG = "--watch-namespace=";

export interface ProgramsView {
  readonly namespace: string;
  /** By name; undefined where there is none. */
  readonly deployments: ReadonlyMap<string, unknown>;
}

export async function gatherPrograms(client: Pick<KubeClient, "find">, namespace: string): Promise<ProgramsView> {
  const deployments = await Promise.all(
    NAMES.map(async (name) => [name, await client.find(DEPLOYMENTS, namespace, name, asIs)] as const),
  );
  return { namespace, deployments: new Map(deployments) };
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

export function checkPrograms(view: ProgramsView): readonly Finding[] {
  const replicas = NAMES.map((name) => checkReplicas(view.namespace, name, view.deployments.get(name)));
  return [...replicas, ...checkImages(view)];
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

/** The image that a program injects: what its flag says, else its own. */
function injectedBy(deployment: unknown): string | undefined {
  const [container] = objectsAt(valueAt(deployment, "spec", "template", "spec"), "containers");
  const flag = listAt(container, "args")
    .map(String)
    .find((one) => one.startsWith(IMAGE_FLAG));
  return flag?.slice(IMAGE_FLAG.length) ?? textAt(container, "image");
}

function checkImages({ namespace, deployments }: ProgramsView): readonly Finding[] {
  const known = NAMES.flatMap((name) => {
    const deployment = deployments.get(name);
    const image = injectedBy(deployment);
    const isReady = (numberAt(deployment, "status", "readyReplicas") ?? 0) > 0;
    return image === undefined ? [] : [{ name, image, isReady }];
  });
  // Where its pods run, somebody put an image of that name onto the nodes.
  const unnamed = known.filter(({ image, isReady }) => UNNAMED.test(image) && !isReady);
  if (unnamed.length > 0) {
    const message = `${unnamed.map(({ name }) => name).join(" and ")} run ${unnamed[0]?.image}, which is no image that exists`;
    return [fault("image", message, `name your image in both Deployments of namespace ${namespace}: docs/install.md`)];
  }
  const [first, ...others] = known;
  const other = others.find(({ image }) => image !== first?.image);
  if (first === undefined || other === undefined) return [];
  const message = `${first.name} injects ${first.image}, but ${other.name} injects ${other.image}`;
  return [warning("image", message, `give both Deployments of namespace ${namespace} the same image`)];
}

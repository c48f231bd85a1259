/** Reads what a Job for a repository is made of. */
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository, type Repository } from "../../shared/api/repository.ts";
import { Container, Install, Volume } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import type { NamespaceFacts } from "../../shared/injection/view.ts";
import { isJsonObject, listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { toUserError } from "../../shared/kube/client/error.ts";
import type { Cluster } from "../cluster/interface.ts";
import { DEPLOYMENTS, NAMESPACES, PODS } from "../cluster/resources.ts";
import { readOne } from "../objects/read.ts";
import type { FlagValues } from "../program/flag-values.ts";
import type { WorkImage } from "./build-work-job.ts";

export interface WorkView {
  readonly repository: Repository;
  readonly namespace: NamespaceFacts;
  readonly image: WorkImage;
}

/**
 * @param name of a Repository of the command's namespace, or NAMESPACE/NAME
 * @throws UserError NOT_FOUND for the Repository, CONFIGURATION_INVALID where nothing tells the image
 */
export async function gatherWork(cluster: Cluster, name: string, flags: FlagValues): Promise<WorkView> {
  const slash = name.indexOf("/");
  const place = slash < 0 ? { namespace: cluster.namespace, name } : splitAt(name, slash);
  const { object: repository } = await readOne(cluster, KINDS.Repository, parseRepository, place);
  const [namespace, image] = await Promise.all([
    readNamespace(cluster, place.namespace),
    findImage(cluster, place.namespace, flags.text("image")),
  ]);
  return { repository, namespace, image };
}

function splitAt(text: string, at: number) {
  return { namespace: text.slice(0, at), name: text.slice(at + 1) };
}

/** Whoever may not read the namespace is told by the API server what it refuses. */
async function readNamespace(cluster: Cluster, name: string): Promise<NamespaceFacts> {
  const found = await cluster.find(NAMESPACES, undefined, name).catch((thrown: unknown) => {
    if (toUserError(thrown).code !== "API_FORBIDDEN") throw thrown;
  });
  const metadata = valueAt(found, "metadata");
  return { name, labels: textsOf(valueAt(metadata, "labels")), annotations: textsOf(valueAt(metadata, "annotations")) };
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
}

async function findImage(cluster: Cluster, namespace: string, wanted: string | undefined): Promise<WorkImage> {
  const pods = await cluster.list(PODS, namespace);
  const found = pods.flatMap((pod) => imageOfPod(pod) ?? []);
  if (wanted !== undefined) {
    const same = found.find(({ image }) => image === wanted);
    return same ?? { image: wanted, command: undefined, pullSecrets: [] };
  }
  const [first] = found;
  if (first !== undefined) return first;
  const image = await imageOfInstallation(cluster);
  if (image !== undefined) return { image, command: undefined, pullSecrets: [] };
  throw new UserError("CONFIGURATION_INVALID", `no pod of namespace ${namespace} tells the image of stash-batch`, {
    next: "name it with --image",
  });
}

/** Of our sidecar or init-container; upstream's has the same name, and no identity of its own. */
function imageOfPod(pod: unknown): WorkImage | undefined {
  const isOurs = listAt(pod, "spec", "volumes").some((volume) => textAt(volume, "name") === Volume.Identity);
  if (!isOurs) return undefined;
  const containers = [...listAt(pod, "spec", "containers"), ...listAt(pod, "spec", "initContainers")];
  const own = containers.find((one) =>
    [Container.Sidecar, Container.RestoreInit].some((name) => name === textAt(one, "name")),
  );
  const image = textAt(own, "image");
  if (image === undefined) return undefined;
  const command = listAt(own, "command").map(String);
  const pullSecrets = listAt(pod, "spec", "imagePullSecrets").flatMap((one) => textAt(one, "name") ?? []);
  return { image, command: command.length === 0 ? undefined : command, pullSecrets };
}

/** Whoever may not look there has to name it. */
async function imageOfInstallation(cluster: Cluster): Promise<string | undefined> {
  const found = await cluster.find(DEPLOYMENTS, Install.Namespace, Install.WebhookService).catch((thrown: unknown) => {
    if (toUserError(thrown).code !== "API_FORBIDDEN") throw thrown;
  });
  const [container] = listAt(found, "spec", "template", "spec", "containers");
  return textAt(container, "image");
}

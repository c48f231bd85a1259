/** The image that a program of ours runs as, so that it is named once: in its pod. What it injects is the same image. */
import { Env } from "../contract.ts";
import type { Environment } from "../environment.ts";
import { UserError } from "../errors.ts";
import { objectsAt } from "../injection/workload.ts";
import { textAt, valueAt } from "../json/value.ts";
import { asIs, type KubeClient } from "./client/interface.ts";
import { PODS } from "./resources.ts";

/** Whether the environment says which pod this is. */
export function knowsOwnPod(env: Environment): boolean {
  return Boolean(env[Env.PodName]) && Boolean(env[Env.PodNamespace]);
}

/**
 * The settings with an image: the one that they name, else that of the program's own container.
 *
 * @param container name of that container in its pod
 * @throws UserError CONFIGURATION_INVALID when the pod has no such container
 * @throws KubeError when the API server can't be reached, or refuses the pod
 */
export async function withOwnImage<Settings extends { readonly image: string }>(
  settings: Settings,
  container: string,
  client: Pick<KubeClient, "get">,
  env: Environment,
): Promise<Settings> {
  if (settings.image !== "") return settings;
  const namespace = env[Env.PodNamespace] ?? "";
  const name = env[Env.PodName] ?? "";
  const pod = await client.get(PODS, namespace, name, asIs);
  const own = objectsAt(valueAt(pod, "spec"), "containers").find((one) => textAt(one, "name") === container);
  const image = textAt(own, "image") ?? "";
  if (image !== "") return { ...settings, image };
  const next = "name the image with --image";
  throw new UserError("CONFIGURATION_INVALID", `pod ${namespace}/${name} has no container ${container}`, { next });
}

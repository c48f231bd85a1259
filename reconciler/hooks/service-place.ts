/** The pod behind a Service in which a hook's command runs. */
import { parseAppBinding } from "../../shared/api/app-binding.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { ENDPOINTS, PODS } from "../../shared/kube/resources.ts";
import { serviceNamespace } from "../../shared/target/app-binding.ts";
import { requireInside } from "../authority.ts";
import { applicationNames } from "../world/main-container.ts";
import type { HookPlace } from "./plan.ts";

/** Name of the first pod that is ready, else of the first that is not, as upstream chooses. Pure. */
export function podBehind(endpoints: unknown): string | undefined {
  const podsIn = (list: string): readonly string[] =>
    listAt(endpoints, "subsets").flatMap((subset) =>
      listAt(subset, list).flatMap((address) =>
        textAt(address, "targetRef", "kind") === "Pod" ? (textAt(address, "targetRef", "name") ?? []) : [],
      ),
    );
  return podsIn("addresses")[0] ?? podsIn("notReadyAddresses")[0];
}

/**
 * The place behind a place's AppBinding: the pod in which an earlier hook ran, while it lives, else one behind the Service. The AppBinding is read when the hook runs, and only what is in the place's own namespace counts: a
 * `service.namespace` is an address to connect to.
 *
 * @throws UserError HOOK_FAILED when no pod is behind the Service, or there is no Service; OUTSIDE_NAMESPACE when it is in another namespace
 */
export async function resolveAppPlace(
  client: Pick<KubeClient, "find">,
  place: HookPlace,
  signal: AbortSignal,
): Promise<HookPlace> {
  const { namespace, behindApp = "", ranIn } = place;
  const earlier = ranIn && (await client.find(PODS, namespace, ranIn.pod, asIs, { signal }));
  const isSame = ranIn !== undefined && textAt(earlier, "metadata", "uid") === ranIn.uid;
  if (isSame && isLiving(earlier)) return placeIn(place, ranIn.pod, earlier);
  const binding = await client.find(KINDS.AppBinding, namespace, behindApp, parseAppBinding, { signal });
  const service = binding?.spec.clientConfig.service;
  if (binding === undefined || service === undefined) {
    const what = binding === undefined ? "does not exist" : "has no Service";
    throw new UserError(
      "HOOK_FAILED",
      `AppBinding ${namespace}/${behindApp} ${what}, so no pod is known to run the command in`,
      {
        next: "Set clientConfig.service of the AppBinding, or use httpGet, httpPost or tcpSocket.",
      },
    );
  }
  requireInside(namespace, serviceNamespace(binding), `a command in a pod behind Service ${service.name}`);
  const pod = podBehind(await client.find(ENDPOINTS, namespace, service.name, asIs, { signal }));
  const found = pod === undefined ? undefined : await client.find(PODS, namespace, pod, asIs, { signal });
  if (pod === undefined || found === undefined) {
    throw new UserError("HOOK_FAILED", `no pod is behind Service ${namespace}/${service.name}`);
  }
  return placeIn(place, pod, found);
}

function isLiving(pod: unknown): boolean {
  const phase = textAt(pod, "status", "phase");
  return pod !== undefined && phase !== "Succeeded" && phase !== "Failed";
}

function placeIn({ namespace, container }: HookPlace, pod: string, found: unknown): HookPlace {
  const uid = textAt(found, "metadata", "uid");
  return {
    namespace,
    pod,
    podIp: textAt(found, "status", "podIP"),
    container: container ?? applicationNames(found)[0],
    ...(uid !== undefined && { ranIn: { pod, uid } }),
  };
}

/** The pod behind a Service in which a hook's command runs. */
import { UserError } from "../../shared/errors.ts";
import { asIs, type KubeClient } from "../../shared/kube/client.ts";
import { listAt, textAt } from "../../shared/kube/json-value.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { HookPlace } from "./hook-plan.ts";

const ENDPOINTS: Resource = { group: "", version: "v1", plural: "endpoints", namespaced: true };
const PODS: Resource = { group: "", version: "v1", plural: "pods", namespaced: true };

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

/** @throws UserError HOOK_FAILED when no pod is behind the Service, or there is no Service */
export async function resolveServicePlace(
  client: Pick<KubeClient, "find">,
  place: HookPlace,
  signal: AbortSignal,
): Promise<HookPlace> {
  const { namespace = "", name = "" } = place.behindService ?? {};
  if (name === "") {
    throw new UserError("HOOK_FAILED", "the AppBinding has no Service, so no pod is known to run the command in", {
      next: "Set clientConfig.service of the AppBinding, or use httpGet, httpPost or tcpSocket.",
    });
  }
  const pod = podBehind(await client.find(ENDPOINTS, namespace, name, asIs, { signal }));
  const found = pod === undefined ? undefined : await client.find(PODS, namespace, pod, asIs, { signal });
  if (pod === undefined || found === undefined) {
    throw new UserError("HOOK_FAILED", `no pod is behind Service ${namespace}/${name}`);
  }
  return {
    namespace,
    pod,
    podIp: textAt(found, "status", "podIP"),
    container: place.container ?? textAt(listAt(found, "spec", "containers")[0], "name"),
  };
}

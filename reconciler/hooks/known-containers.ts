/** A command for a container that its pod does not have fails with the names of those that it has. */
import { UserError } from "../../shared/errors.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { PODS } from "../../shared/kube/resources.ts";
import type { HookPlace } from "./plan.ts";

/** The API server's words for a name that the pod's spec does not have. */
const UNKNOWN_CONTAINER = /container .* is not valid for pod/;

/** @returns what is told in place of the API server's words; the error itself where it is another, or nobody can say more */
export async function tellContainers(
  client: Pick<KubeClient, "find">,
  { namespace, pod, container }: Pick<HookPlace, "namespace" | "pod" | "container">,
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof KubeError && UNKNOWN_CONTAINER.test(error.detail))) return error;
  const found = await client.find(PODS, namespace, pod, asIs, { signal }).catch(() => undefined);
  const names = ["containers", "initContainers"].flatMap((field) =>
    listAt(found, "spec", field).flatMap((one) => textAt(one, "name") ?? []),
  );
  if (names.length === 0) return error;
  return new UserError("HOOK_FAILED", `pod ${pod} has no container ${container}; it has ${names.join(", ")}`, {
    next: "Name one of them in containerName of the hook.",
    cause: error,
  });
}

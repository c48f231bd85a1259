/** Asks the API server what one may do oneself. */
import { valueAt } from "../../shared/json/value.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { MissingRight } from "./missing-right.ts";

export const SELF_ACCESS_REVIEWS: Resource = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "selfsubjectaccessreviews",
  namespaced: false,
};

const CALL = { timeoutMs: 10_000, maxRetries: 1 } as const;

/**
 * Whether the API server would let whoever the client is.
 *
 * @returns undefined where it does not say: what is tried then is decided when it is tried
 */
export async function mayDo(
  client: Pick<KubeClient, "create">,
  { verb, resource, namespace }: MissingRight,
): Promise<boolean | undefined> {
  const [plural, subresource] = resource.plural.split("/");
  const resourceAttributes = {
    verb,
    group: resource.group,
    resource: plural,
    ...(subresource !== undefined && { subresource }),
    ...(namespace !== undefined && { namespace }),
  };
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes },
  };
  const read = (answer: unknown) => valueAt(answer, "status", "allowed");
  try {
    const allowed = await client.create(SELF_ACCESS_REVIEWS, undefined, review, read, CALL);
    return typeof allowed === "boolean" ? allowed : undefined;
  } catch {
    return undefined;
  }
}

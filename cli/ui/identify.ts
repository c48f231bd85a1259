/** Who a token is of, by the API server's word. */
import { textAt } from "../../shared/json/value.ts";
import { isNotFound, KubeError } from "../../shared/kube/client/error.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { SELF_ACCESS_REVIEWS } from "../cluster/self-access.ts";

const SELF_REVIEWS: Resource = {
  group: "authentication.k8s.io",
  version: "v1",
  plural: "selfsubjectreviews",
  namespaced: false,
};
const ANONYMOUS = "system:anonymous";
const CALL = { timeoutMs: 5_000, maxRetries: 1 } as const;

/**
 * Asks as whoever the client is.
 *
 * @returns his name; empty where the API server knows him, and does not tell it: older ones than 1.28 have no such question
 * @throws KubeError 401 for nobody
 */
export async function identify(client: Pick<KubeClient, "create">): Promise<string> {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const nameOf = (answer: unknown) => textAt(answer, "status", "userInfo", "username") ?? "";
  try {
    return known(await client.create(SELF_REVIEWS, undefined, body, nameOf, CALL));
  } catch (error) {
    if (isForbiddenTo(error)) return "";
    if (!isNotFound(error)) throw error;
  }
  // Whoever is let through to it, or is refused by name, is known.
  const question = { resourceAttributes: { verb: "get", resource: "namespaces" } };
  const review = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: question };
  try {
    return await client.create(SELF_ACCESS_REVIEWS, undefined, review, () => "", CALL);
  } catch (error) {
    if (isForbiddenTo(error)) return "";
    throw error;
  }
}

/** Somebody who is known, and may not ask. Nobody in particular is told the same. */
function isForbiddenTo(error: unknown): boolean {
  return error instanceof KubeError && error.status === 403 && !error.detail.includes(ANONYMOUS);
}

function known(user: string): string {
  if (user !== ANONYMOUS) return user;
  throw new KubeError({ action: "ask who you are", status: 401, reason: "Unauthorized", detail: `you are ${user}` });
}

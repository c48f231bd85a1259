/** Asks the API server whether a user may do something. */
import { textAt, valueAt } from "../shared/json/value.ts";
import type { CallOptions, KubeClient } from "../shared/kube/client/interface.ts";
import { ACCESS_REVIEWS } from "../shared/kube/resources.ts";
import type { UserFacts } from "./review.ts";

export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** Empty for all namespaces. */
  readonly namespace: string;
  /** Undefined for what has no name yet, or for any of them. */
  readonly name?: string;
}

/** @throws KubeError when it can't be asked, Error when the answer is none */
export function askAccess(
  client: Pick<KubeClient, "create">,
  user: UserFacts,
  access: Access,
  options: CallOptions,
): Promise<boolean> {
  const { verb, group, resource, subresource, namespace, name } = access;
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: user.username,
      uid: user.uid,
      groups: user.groups,
      extra: user.extra,
      resourceAttributes: {
        verb,
        group,
        resource,
        namespace,
        ...(subresource !== undefined && { subresource }),
        ...(name !== undefined && { name }),
      },
    },
  };
  return client.create(ACCESS_REVIEWS, undefined, review, readAllowed, options);
}

function readAllowed(review: unknown): boolean {
  const problem = textAt(review, "status", "evaluationError");
  const isAllowed = valueAt(review, "status", "allowed") === true;
  if (!isAllowed && problem !== undefined && problem !== "") throw new Error(problem);
  return isAllowed;
}

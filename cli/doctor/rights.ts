/** Whether the two programs may do what the manifests grant them. */
import { valueAt } from "../../shared/json/value.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";
import neededRights from "./needed-rights.json" with { type: "json" };

const REVIEWS: Resource = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "subjectaccessreviews",
  namespaced: false,
};
/** Reviews under way at a time. */
const CONCURRENCY = 10;

/** One action of one ServiceAccount. */
export interface Right {
  readonly account: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string | undefined;
  /** Only in the installation's namespace, else everywhere. */
  readonly isOwnNamespace: boolean;
}

/** How an installation differs from the base. */
export interface Variant {
  /** The one namespace that the reconciler looks at. */
  readonly watchedNamespace: string | undefined;
  readonly usesCertManager: boolean;
}

/** Of an installation whose flags nobody may read. */
export const UNKNOWN_VARIANT: Variant = { watchedNamespace: undefined, usesCertManager: false };

/** Every action that the base's roles grant, one by one. Generated from manifests/base. */
export const NEEDED_RIGHTS: readonly Right[] = neededRights.flatMap(({ account, isOwnNamespace, rules }) =>
  rules.flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          (resourceNames ?? [undefined]).map((name) => ({ account, verb, group, resource, name, isOwnNamespace })),
        ),
      ),
    ),
  ),
);

/** What cert-manager does instead of the webhook. */
const KEEPER_WRITES: readonly string[] = ["create", "patch", "update"];
const KEPT: readonly string[] = ["secrets", "mutatingwebhookconfigurations", "validatingwebhookconfigurations"];

export function isNeeded({ account, verb, resource }: Right, { usesCertManager }: Variant): boolean {
  const isKeeping = account === "stash-batch-webhook" && KEPT.includes(resource) && KEEPER_WRITES.includes(verb);
  return !(usesCertManager && isKeeping);
}

/** @returns those that are not granted; undefined when the caller may not ask for others */
export async function findMissingRights(
  client: Pick<KubeClient, "create">,
  namespace: string,
  variant: Variant,
): Promise<readonly Right[] | undefined> {
  const missing: Right[] = [];
  const rest = NEEDED_RIGHTS.filter((right) => isNeeded(right, variant));
  async function work(): Promise<void> {
    for (let right = rest.shift(); right !== undefined; right = rest.shift()) {
      const body = buildReview(right, namespace, variant);
      const review = await client.create(REVIEWS, undefined, body, asIs);
      if (valueAt(review, "status", "allowed") !== true) missing.push(right);
    }
  }
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  } catch (error) {
    if (error instanceof KubeError && error.status === 403) return undefined;
    throw error;
  }
  return missing;
}

function buildReview(right: Right, namespace: string, { watchedNamespace }: Variant) {
  const { account, verb, group, resource, name, isOwnNamespace } = right;
  const isNarrowed = watchedNamespace !== undefined && account === "stash-batch-reconciler";
  const within = isOwnNamespace ? namespace : isNarrowed ? watchedNamespace : undefined;
  const [plural = "", subresource] = resource.split("/");
  return {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: `system:serviceaccount:${namespace}:${account}`,
      groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
      resourceAttributes: {
        verb,
        group,
        resource: plural,
        ...(subresource !== undefined && { subresource }),
        ...(name !== undefined && { name }),
        ...(within !== undefined && { namespace: within }),
      },
    },
  };
}

export function checkRights(missing: readonly Right[] | undefined, accounts: readonly string[]): readonly Finding[] {
  const check = "rights";
  if (missing === undefined) {
    return [warning(check, "you may not ask what others may do", "run the doctor as a cluster admin")];
  }
  return accounts.map((account) => {
    const own = missing.filter((right) => right.account === account);
    if (own.length === 0) return ok(check, `${account} may do all that it needs`);
    const message = `${account} may not ${own.map(formatRight).sort().join(", ")}`;
    return fault(check, message, "apply the roles of this version: kubectl apply --server-side -k manifests/base");
  });
}

function formatRight({ verb, group, resource, name }: Right): string {
  const what = group === "" ? resource : `${resource}.${group}`;
  return `${verb} ${what}${name === undefined ? "" : ` ${name}`}`;
}

/**
 * Whether the author of an invoker may do to its targets what the invoker will do with our rights: change the workloads, and
 * run programs in pods where it has exec hooks. Otherwise everyone who may write an invoker had our rights.
 */
import { KINDS } from "../../shared/api/kinds.ts";
import { messageOf } from "../../shared/errors.ts";
import type { BackupInvokerView, RestoreInvokerView } from "../../shared/invoker.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { textAt, valueAt } from "../../shared/kube/json-value.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { type Finding, fault } from "../../shared/validation/finding.ts";
import { hasExecHook } from "../../shared/validation/hooks.ts";
import type { UserFacts } from "../review.ts";

const ACCESS_REVIEWS: Resource = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "subjectaccessreviews",
  namespaced: false,
};

/** For all questions together; less than the 3 s that the API server gives us. */
const TIMEOUT_MS = 2_000;

/** What an author must be allowed to do to a target of each kind; an AppBinding is only read. */
const ON_TARGET: Readonly<Record<string, Pick<Access, "verb" | "group" | "resource">>> = {
  Deployment: { verb: "update", group: "apps", resource: "deployments" },
  StatefulSet: { verb: "update", group: "apps", resource: "statefulsets" },
  DaemonSet: { verb: "update", group: "apps", resource: "daemonsets" },
  DeploymentConfig: { verb: "update", group: "apps.openshift.io", resource: "deploymentconfigs" },
  PersistentVolumeClaim: { verb: "update", group: "", resource: "persistentvolumeclaims" },
  AppBinding: { verb: "get", group: KINDS.AppBinding.group, resource: KINDS.AppBinding.plural },
};

interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace: string;
  readonly name?: string;
}

/** What an author must be allowed to do. */
export function accessNeeded(invoker: BackupInvokerView | RestoreInvokerView): readonly Access[] {
  const targets = invoker.members.flatMap(({ ref }): readonly Access[] => {
    const known = ON_TARGET[ref.kind];
    return known === undefined ? [] : [{ ...known, namespace: ref.namespace, name: ref.name }];
  });
  const hooked = invoker.members.filter(({ hooks }) => hasExecHook(hooks)).map(({ ref }) => ref.namespace);
  const namespaces = new Set([...hooked, ...(hasExecHook(invoker.hooks) ? [invoker.namespace] : [])]);
  const execs = [...namespaces].map((namespace) => ({
    verb: "create",
    group: "",
    resource: "pods",
    subresource: "exec",
    namespace,
  }));
  const all = [...targets, ...execs];
  return [...new Map(all.map((access) => [JSON.stringify(access), access])).values()];
}

/** Asks the API server. What it doesn't answer in time counts as not allowed. */
export async function findMissingRights(
  invoker: BackupInvokerView | RestoreInvokerView,
  user: UserFacts,
  client: Pick<KubeClient, "create">,
): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const questions = accessNeeded(invoker).map((access) => findMissingRight(access, { user, client, signal }));
  return (await Promise.all(questions)).flat();
}

async function findMissingRight(
  access: Access,
  { user, client, signal }: { user: UserFacts; client: Pick<KubeClient, "create">; signal: AbortSignal },
): Promise<readonly Finding[]> {
  const what = describe(access);
  try {
    const isAllowed = await client.create(ACCESS_REVIEWS, undefined, accessReview(access, user), readAllowed, {
      timeoutMs: TIMEOUT_MS,
      maxRetries: 0,
      signal,
    });
    if (isAllowed) return [];
    return [
      fault("author", `${user.username} may not ${what}`, "Ask for that right, or let someone create it who has it."),
    ];
  } catch (thrown) {
    const next = "Try again; if it stays, look at the log of the webhook.";
    return [fault("author", `whether ${user.username} may ${what} is not known: ${messageOf(thrown)}`, next)];
  }
}

function describe({ verb, resource, subresource, namespace, name }: Access): string {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return name === undefined ? `${verb} ${what} in namespace ${namespace}` : `${verb} ${what} ${namespace}/${name}`;
}

function accessReview({ verb, group, resource, subresource, namespace, name }: Access, user: UserFacts) {
  return {
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
}

function readAllowed(review: unknown): boolean {
  const problem = textAt(review, "status", "evaluationError");
  const isAllowed = valueAt(review, "status", "allowed") === true;
  if (!isAllowed && problem !== undefined && problem !== "") throw new Error(problem);
  return isAllowed;
}

/**
 * As whom a job runs and what it may do: what every agent may. A program of somebody else besides reads the AppBinding, as
 * upstream's do. Nothing on Secrets, Pods or RBAC. The objects belong to the invoker and go with it (L77, L78, L79).
 */
import { KINDS } from "../../shared/api/kinds.ts";
import { Label } from "../../shared/contract.ts";
import { shortHash } from "../../shared/hash.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { NAME_MAX_LENGTH, nameWithSuffix, validNameWithPrefixNSuffix } from "../../shared/names.ts";
import { withoutOwnKeys } from "../../shared/own-keys.ts";
import { AGENT_RULES } from "../rights/agent-rules.ts";
import { offshootLabels } from "./labels.ts";
import type { JobView } from "./view.ts";

export interface JobRights {
  readonly accountName: string;
  /** Undefined when the user's settings name the account. */
  readonly account: JsonObject | undefined;
  readonly role: JsonObject;
  readonly binding: JsonObject;
}

/** Upstream's name; one that is too long is told apart by a hash. */
export function accountName({
  invoker,
  member,
}: {
  readonly invoker: Pick<JobView["invoker"], "kind" | "name">;
  readonly member: Pick<JobView["member"], "index">;
}): string {
  const whole = `${invoker.kind.toLowerCase()}-${invoker.name}-${member.index}`.replaceAll(".", "-");
  if (whole.length > NAME_MAX_LENGTH) return nameWithSuffix(whole, shortHash(whole));
  return validNameWithPrefixNSuffix(
    invoker.kind.toLowerCase(),
    invoker.name.replaceAll(".", "-"),
    String(member.index),
  );
}

/** @param isForeign whether a step runs a program that is not ours */
export function planRights(view: JobView, isForeign: boolean): JobRights {
  const { invoker, owner, member, appBinding } = view;
  const pod = member.spec.runtimeSettings?.pod;
  const name = accountName(view);
  const { apiVersion, kind, name: invokerName, uid } = invoker;
  const metadata = {
    name,
    namespace: owner.namespace,
    labels: { ...offshootLabels(view), [Label.AgentRights]: "true" },
    ownerReferences: [{ apiVersion, kind, name: invokerName, uid, controller: true }],
  };
  const account = pod?.serviceAccountName || name;
  const bindingRule = isForeign &&
    appBinding !== undefined && {
      apiGroups: [KINDS.AppBinding.group],
      resources: [KINDS.AppBinding.plural],
      resourceNames: [appBinding.metadata.name],
      verbs: ["get"],
    };
  return {
    accountName: account,
    account: pod?.serviceAccountName
      ? undefined
      : {
          apiVersion: "v1",
          kind: "ServiceAccount",
          metadata: {
            ...metadata,
            ...(pod?.serviceAccountAnnotations && { annotations: withoutOwnKeys(pod.serviceAccountAnnotations) }),
          },
          // Our agent brings its own token.
          automountServiceAccountToken: false,
        },
    role: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata,
      rules: [...AGENT_RULES, ...(bindingRule === false ? [] : [bindingRule])],
    },
    binding: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name: account, namespace: owner.namespace }],
    },
  };
}

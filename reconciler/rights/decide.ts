/** What agents of a namespace need there: a Role, who is bound to it, and copies of Secrets from other namespaces. Pure. */
import type { Repository } from "../../shared/api/repository.ts";
import { Install, Label, LabelValue } from "../../shared/contract.ts";
import { backendSecretName } from "../../shared/injection/backend-volume.ts";
import { type PullSecret, pullSecretBeside } from "../../shared/injection/pull-secrets.ts";
import { SecretGrant } from "../authority.ts";
import { AGENT_RULES } from "./agent-rules.ts";

/** A Secret of another namespace that workloads of this one mount as a copy. */
export interface SecretCopy {
  /** Name of the copy. */
  readonly name: string;
  readonly from: SecretGrant;
  /** The kubelet takes it by its type. */
  readonly isForPull?: true;
}

export interface AgentRights {
  readonly namespace: string;
  /** ServiceAccounts of the workloads that carry an agent, or are to carry one; sorted. */
  readonly serviceAccounts: readonly string[];
  /** By name. */
  readonly copies: readonly SecretCopy[];
}

/** Whether nothing is needed in the namespace. Jobs have rights of their own, and need copies alone. */
export function areRightsEmpty({ serviceAccounts, copies }: AgentRights): boolean {
  return serviceAccounts.length === 0 && copies.length === 0;
}

/** On the Role: names of the copies that were made, so that they can be removed without listing Secrets. */
export const COPIES_ANNOTATION = "stash.appscode.com/secret-copies";

const LABELS = { [Label.ManagedBy]: LabelValue.ManagedBy, [Label.AgentRights]: "true" };
const RBAC_GROUP = "rbac.authorization.k8s.io";

/** The Role of a namespace, the same everywhere but for its note of copies. */
export function buildAgentRole({
  namespace,
  copies,
}: {
  readonly namespace: string;
  readonly copies: readonly Pick<SecretCopy, "name">[];
}) {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: "Role",
    metadata: {
      name: Install.AgentRole,
      namespace,
      labels: LABELS,
      annotations: { [COPIES_ANNOTATION]: JSON.stringify(copies.map(({ name }) => name)) },
    },
    rules: AGENT_RULES,
  };
}

export function buildAgentBinding({ namespace, serviceAccounts }: AgentRights) {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: "RoleBinding",
    metadata: { name: Install.AgentRole, namespace, labels: LABELS },
    roleRef: { apiGroup: RBAC_GROUP, kind: "Role", name: Install.AgentRole },
    subjects: serviceAccounts.map((name) => ({ kind: "ServiceAccount", name, namespace })),
  };
}

/** Labels by which a copy is known as one. */
export function copyLabels({ from }: SecretCopy): Readonly<Record<string, string>> {
  return { [Label.ManagedBy]: LabelValue.ManagedBy, [Label.CopiedFromNamespace]: from.namespace };
}

/**
 * The copy that workloads of a namespace need of a Repository's Secret; undefined where the Secret is beside them, and where the Repository's
 * usagePolicy does not allow the namespace.
 */
export function copyOf(
  repository: Repository,
  user: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
): SecretCopy | undefined {
  if (repository.metadata.namespace === user.namespace) return undefined;
  const name = backendSecretName(repository, user.namespace);
  const from = SecretGrant.by(repository, user);
  return name === undefined || from === undefined ? undefined : { name, from };
}

/** The copy of a pull secret; undefined where the Secret is beside the pods. */
export function pullCopyOf(secret: PullSecret, namespace: string): SecretCopy | undefined {
  if (secret.namespace === namespace) return undefined;
  return { name: pullSecretBeside(secret, namespace), from: SecretGrant.toPull(secret), isForPull: true };
}

/** Reads the note on a Role; what can't be read names nothing. */
export function notedCopies(note: string | undefined): readonly string[] {
  try {
    const names: unknown = JSON.parse(note ?? "[]");
    return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
  } catch {
    return [];
  }
}

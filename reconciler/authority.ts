/**
 * The one guard before everything that the reconciler does for an object of a namespace: commands in pods, Jobs, Secrets, claims,
 * ServiceAccounts and the Roles and RoleBindings for them, patches of workloads. It knows one thing, the namespace of the object that the
 * work is for, and refuses all that lies outside it, whatever a spec, a status, a label or another object says. What the owner of the other side
 * grants is the one exception: a Secret of a Repository whose usagePolicy allows the namespace, and one that the installation names for pulling.
 */
import type { Repository } from "../shared/api/repository.ts";
import { UserError } from "../shared/errors.ts";
import type { PullSecret } from "../shared/injection/pull-secrets.ts";
import { listAt, textAt } from "../shared/json/value.ts";
import type {
  CallOptions,
  DeleteOptions,
  KubeClient,
  Parse,
  Patch,
  WriteOptions,
} from "../shared/kube/client/interface.ts";
import type { ExecRequest, ExecResult, PodExec } from "../shared/kube/exec/pod.ts";
import { formatResource, type Resource } from "../shared/kube/resource.ts";
import { SECRETS } from "../shared/kube/resources.ts";
import { mayUseRepository } from "../shared/repository/usage-policy.ts";
import { formatTarget, isClusterTask, type ResolvedTargetRef } from "../shared/target/ref.ts";

/**
 * @param own namespace of the object that the work is for
 * @param other where it would be done; undefined outside all namespaces
 * @param what would be done, for people
 * @throws UserError OUTSIDE_NAMESPACE
 */
export function requireInside(own: string, other: string | undefined, what: string): void {
  if (own !== "" && other === own) return;
  const where = other === undefined || other === "" ? "the whole cluster" : `namespace ${other}`;
  throw new UserError(
    "OUTSIDE_NAMESPACE",
    `${what} would be done in ${where}, and what asks for it is in namespace ${own}`,
  );
}

/** A member's target, as far as it says where the work would be. */
interface PlacedMember {
  readonly ref: ResolvedTargetRef;
  readonly taskName: string | undefined;
}

/**
 * Why nothing is done for a target, where it is in another namespace than its invoker. A Task of the whole cluster may look at objects
 * elsewhere, with the rights of its own ServiceAccount; claims and AppBindings would be mounted.
 *
 * @param own namespace of the invoker
 */
export function whyOutside(own: string, { ref, taskName }: PlacedMember): UserError | undefined {
  const isMounted = ref.kind === "PersistentVolumeClaim" || ref.kind === "AppBinding";
  if (ref.namespace === own || (isClusterTask(taskName) && !isMounted)) return undefined;
  return new UserError(
    "OUTSIDE_NAMESPACE",
    `${formatTarget(ref)} is in another namespace than its invoker, which is in ${own}`,
    {
      next: "Put the invoker into the target's namespace; the Repository may stay in another one.",
    },
  );
}

type Calls = "create" | "find" | "patch" | "delete";

/** The API server as one namespace sees it: no call names another. Every call throws as KubeClient's, and OUTSIDE_NAMESPACE. */
export interface NamespaceClient {
  readonly namespace: string;
  find<T>(resource: Resource, name: string, parse: Parse<T>, options?: CallOptions): Promise<T | undefined>;
  create<T>(resource: Resource, body: unknown, parse: Parse<T>, options?: WriteOptions): Promise<T>;
  patch<T>(resource: Resource, name: string, patch: Patch, parse: Parse<T>, options?: WriteOptions): Promise<T>;
  delete(resource: Resource, name: string, options?: DeleteOptions): Promise<boolean>;
}

/** @param namespace of the object that the work is for */
export function inNamespace(client: Pick<KubeClient, Calls>, namespace: string): NamespaceClient {
  const guard = (verb: string, resource: Resource, body?: unknown): void => {
    const what = `${verb} ${formatResource(resource)}`;
    requireInside(namespace, resource.namespaced ? namespace : undefined, what);
    requireBodyInside(namespace, body, what);
  };
  return {
    namespace,
    find: async (resource, name, parse, options) => {
      guard("find", resource);
      return client.find(resource, namespace, name, parse, options);
    },
    create: async (resource, body, parse, options) => {
      guard("create", resource, body);
      return client.create(resource, namespace, body, parse, options);
    },
    patch: async (resource, name, patch, parse, options) => {
      guard("patch", resource, patch.kind === "json" ? undefined : patch.body);
      return client.patch(resource, namespace, name, patch, parse, options);
    },
    delete: async (resource, name, options) => {
      guard("delete", resource);
      return client.delete(resource, namespace, name, options);
    },
  };
}

/** An object lies in its own namespace; a RoleBinding of it also says where its subjects are, and whose rights it gives. */
function requireBodyInside(own: string, body: unknown, what: string): void {
  requireInside(own, textAt(body, "metadata", "namespace") ?? own, what);
  for (const subject of listAt(body, "subjects")) {
    requireInside(own, textAt(subject, "namespace"), `${what} for ServiceAccount ${textAt(subject, "name") ?? ""}`);
  }
  const kind = textAt(body, "roleRef", "kind") ?? "Role";
  requireInside(own, kind === "Role" ? own : undefined, `${what} of a ${kind}`);
}

/**
 * Patches an object that a spec names: the namespace of the name must be that of the object that the work is for.
 *
 * @throws UserError OUTSIDE_NAMESPACE; as KubeClient
 */
export async function patchNamed<T>(
  client: Pick<KubeClient, "patch">,
  own: string,
  { resource, namespace, name }: { readonly resource: Resource; readonly namespace: string; readonly name: string },
  patch: Patch,
  parse: Parse<T>,
  options?: WriteOptions,
): Promise<T> {
  requireInside(own, namespace, `patch ${formatResource(resource, namespace, name)}`);
  return client.patch(resource, own, name, patch, parse, options);
}

export interface NamespaceExec {
  readonly namespace: string;
  run(request: Omit<ExecRequest, "namespace">): Promise<ExecResult>;
}

/** Commands in pods of one namespace. @param namespace of the session or restore that the command is run for */
export function execIn(exec: PodExec, namespace: string): NamespaceExec {
  return { namespace, run: (request) => exec({ ...request, namespace }) };
}

/** A Secret of another namespace that its owner lets this one use. Only `SecretGrant.by` and `SecretGrant.toPull` make one. */
export class SecretGrant {
  readonly namespace: string;
  readonly name: string;
  /** `Repository vault/store`: by what its owner grants it. */
  readonly grantor: string;

  private constructor(grantor: string, namespace: string, name: string) {
    this.grantor = grantor;
    this.namespace = namespace;
    this.name = name;
  }

  /** What the administrator names in the installation's settings: every namespace with our containers may pull their image. */
  static toPull({ namespace, name }: PullSecret): SecretGrant {
    return new SecretGrant("the installation's settings", namespace, name);
  }

  /** @returns undefined when the Repository has no Secret, or its usagePolicy does not allow the namespace */
  static by(
    { metadata, spec }: Repository,
    user: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  ): SecretGrant | undefined {
    const isAllowed = mayUseRepository({
      usagePolicy: spec.usagePolicy,
      repositoryNamespace: metadata.namespace,
      namespace: user.namespace,
      namespaceLabels: user.labels,
    });
    const name = spec.backend?.storageSecretName;
    return isAllowed && name
      ? new SecretGrant(`Repository ${metadata.namespace}/${metadata.name}`, metadata.namespace, name)
      : undefined;
  }
}

/** Reads a Secret that its owner granted; undefined when it is not there. */
export function findGranted<T>(
  client: Pick<KubeClient, "find">,
  { namespace, name }: SecretGrant,
  parse: Parse<T>,
  options?: CallOptions,
): Promise<T | undefined> {
  return client.find(SECRETS, namespace, name, parse, options);
}

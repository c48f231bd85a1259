/** Reads the target that a job is to work on: what is not there yet is waited for. */
import { type AppBinding, parseAppBinding } from "../../shared/api/app-binding.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import type { BackupMemberView, RestoreMemberView } from "../../shared/invoker/object.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import type { KubeClient, Parse } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { CLAIMS } from "../../shared/kube/resources.ts";
import { formatTarget, type ResolvedTargetRef } from "../../shared/target/ref.ts";
import { whyOutside } from "../authority.ts";
import { makesClaims } from "./host.ts";
import type { TargetSight } from "./of-target.ts";
import type { ClaimFact } from "./view.ts";

type TargetReader = Pick<KubeClient, "find">;

/** The target as the cluster has it; of other kinds than these two nobody but their own Functions knows. */
export interface GatheredTarget {
  readonly appBinding: AppBinding | undefined;
  readonly claim: ClaimFact | undefined;
}

/**
 * @param namespace of the session or restore
 * @throws TargetFault when the target is not there, or the API server does not say
 * @throws UserError OUTSIDE_NAMESPACE; INVALID_OBJECT when it can't be read
 * @throws KubeError when the API server can't be reached
 */
export async function gatherTarget(
  client: TargetReader,
  namespace: string,
  member: BackupMemberView | RestoreMemberView,
): Promise<GatheredTarget> {
  const { ref } = member;
  const outside = whyOutside(namespace, member);
  if (outside !== undefined) throw outside;
  const isBinding = ref.kind === KINDS.AppBinding.kind;
  const isClaim = ref.kind === "PersistentVolumeClaim" && !makesClaims(member);
  return {
    appBinding: isBinding ? await findTarget(client, KINDS.AppBinding, ref, parseAppBinding) : undefined,
    claim: isClaim ? await findTarget(client, CLAIMS, ref, readClaim) : undefined,
  };
}

export function readClaim(raw: unknown): ClaimFact {
  return {
    name: textAt(raw, "metadata", "name") ?? "",
    accessModes: listAt(raw, "spec", "accessModes").filter((mode) => typeof mode === "string"),
  };
}

/** The target is not there, or nobody can say whether it is: both may pass. */
export class TargetFault extends UserError {
  readonly target: Exclude<TargetSight, "found">;

  constructor(target: Exclude<TargetSight, "found">, message: string, cause?: unknown) {
    super(target === "missing" ? "NOT_FOUND" : "JOB_REFUSED", message, { cause });
    this.target = target;
  }
}

async function findTarget<T>(
  client: TargetReader,
  resource: Resource,
  ref: ResolvedTargetRef,
  parse: Parse<T>,
): Promise<T> {
  const read: Parse<{ readonly target: T } | { readonly isGoing: true }> = (raw) =>
    textAt(raw, "metadata", "deletionTimestamp") === undefined ? { target: parse(raw) } : { isGoing: true };
  const found = await client.find(resource, ref.namespace, ref.name, read).catch((error: unknown): never => {
    // Without any answer the whole look is tried again.
    if (!(error instanceof KubeError) || error.status === 0) throw error;
    throw new TargetFault("unknown", `${formatTarget(ref)}: ${error.message}`, error);
  });
  if (found === undefined) throw new TargetFault("missing", `${formatTarget(ref)} does not exist`);
  if ("isGoing" in found) throw new TargetFault("missing", `${formatTarget(ref)} is being deleted`);
  return found.target;
}

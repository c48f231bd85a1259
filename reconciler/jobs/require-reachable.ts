/** What must be so before a job is planned, for objects too that admission never saw. Pure. */
import { UserError } from "../../shared/errors.ts";
import { EMPTY_TARGET_KIND, formatTarget, isClusterTask, isTargetKind } from "../../shared/target/ref.ts";
import { isReservedVariable } from "../../shared/validation/reserved-variables.ts";
import { whyOutside } from "../authority.ts";
import { findBackendProblem, formatProblemOf } from "./backend-problem.ts";
import type { JobView } from "./view.ts";

/** @throws UserError OUTSIDE_NAMESPACE, VARIABLE_RESERVED, TARGET_INVALID, BACKEND_INVALID */
export function requireReachable(view: JobView): void {
  const { member, owner, repository, namespace } = view;
  const { ref } = member;
  requireKnown(view);
  const outside = whyOutside(owner.namespace, member);
  if (outside !== undefined) throw outside;
  const problem = findBackendProblem(repository, namespace, formatTarget(ref));
  if (problem !== undefined) throw formatProblemOf(problem);
}

/** What admission refuses already. */
function requireKnown({ member, task, verb }: JobView): void {
  const { ref } = member;
  const reserved = Object.keys(task?.chosen.params ?? {}).find(isReservedVariable);
  if (reserved !== undefined) {
    throw new UserError(
      "VARIABLE_RESERVED",
      `parameter ${reserved} of ${formatTarget(ref)} is set by stash-batch itself`,
    );
  }
  const makesItsTarget = verb === "restore" && ref.kind === EMPTY_TARGET_KIND && hasClaimTemplates(member.target);
  if (isTargetKind(ref.kind) || makesItsTarget || isClusterTask(task?.chosen.name)) return;
  throw new UserError("TARGET_INVALID", `${formatTarget(ref)} is of a kind that can't be backed up or restored`);
}

function hasClaimTemplates(target: JobView["member"]["target"]): boolean {
  return "volumeClaimTemplates" in target && (target.volumeClaimTemplates ?? []).length > 0;
}

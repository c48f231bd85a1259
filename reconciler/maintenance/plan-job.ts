/** Plans the job of a maintenance. Pure. */
import { Command, LabelValue } from "../../shared/contract.ts";
import { onNode, placeJob } from "../jobs/placement.ts";
import type { JobPlan } from "../jobs/plan.ts";
import { planRepositoryJob } from "../jobs/plan-for-repository.ts";
import type { MaintenanceJobView } from "../jobs/view.ts";

/**
 * @param name of the job
 * @param nodeName where a folder of a node is the backend: the node that saved into it
 * @throws UserError BACKEND_INVALID, or UNSCHEDULABLE where another pod has the backend's claim to itself
 */
export function planMaintenanceJob(view: MaintenanceJobView, name: string, nodeName: string | undefined): JobPlan {
  const { owner, deadlineSeconds, claim, claimUsers } = view;
  return planRepositoryJob(view, {
    name,
    user: `maintenance in namespace ${owner.namespace}`,
    args: [Command.Maintain],
    target: LabelValue.Maintenance,
    deadlineSeconds,
    placement:
      nodeName === undefined
        ? placeJob(claim, claimUsers, undefined)
        : { ...onNode(nodeName), tolerations: [{ operator: "Exists" }] },
  });
}

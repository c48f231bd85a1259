/** Plans the job that looks into the repository for recovery points. It mounts the backend, and no data of any target. Pure. */
import { Command, LabelValue } from "../../shared/contract.ts";
import { shortHash } from "../../shared/hash.ts";
import { NAME_MAX_LENGTH, nameWithSuffix, pointSearchJobName } from "../../shared/names.ts";
import type { JobPlan } from "./plan.ts";
import { planRepositoryJob } from "./plan-for-repository.ts";
import type { RestoreJobView } from "./view.ts";

/** A repository of hundreds of thousands of snapshots is listed within minutes. */
const LIMIT_SECONDS = 600;

/**
 * @param view of the first member, whose runtimeSettings count; with an index that no member has
 * @throws UserError BACKEND_INVALID
 */
export function planPointSearch(whole: RestoreJobView): JobPlan {
  const { owner, invoker } = whole;
  const { interimVolumeTemplate: _, ...spec } = whole.member.spec;
  // Nothing of the member's data is part of it.
  const member = { ...whole.member, target: {}, hooks: undefined, spec };
  const view: RestoreJobView = { ...whole, member, ordinal: undefined };
  return planRepositoryJob(view, {
    name: jobName(view),
    user: `${invoker.kind} ${owner.namespace}/${invoker.name}`,
    args: [Command.FindRecoveryPoints, `--invoker-kind=${invoker.kind}`, `--invoker-name=${invoker.name}`],
    target: LabelValue.PointSearch,
    deadlineSeconds: Math.max(1, Math.min(view.deadlineSeconds ?? LIMIT_SECONDS, LIMIT_SECONDS)),
    placement: {},
  });
}

function jobName({ owner }: RestoreJobView): string {
  const name = pointSearchJobName(owner.name);
  const isCut = !name.includes(owner.name.replaceAll(".", "-"));
  return isCut ? nameWithSuffix(name, shortHash(`${owner.uid}/${name}`), NAME_MAX_LENGTH) : name;
}

/** The rule of a restore that holds for a job's host. Pure. */
import type { Rule } from "../../shared/api/target.ts";
import { selectRule } from "../../shared/target/restore-rules.ts";
import { jobHostName } from "./host.ts";
import type { RestoreJobView } from "./view.ts";

/** @returns undefined when no rule does */
export function matchingRule(view: RestoreJobView): Rule | undefined {
  const { member } = view;
  const host = { target: member.ref, alias: member.alias, hostname: jobHostName(view), podName: undefined };
  return selectRule(member.target.rules ?? [], host);
}

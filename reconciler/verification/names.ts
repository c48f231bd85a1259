/** Names of what is made for a drill. The same drill always has the same, so "already exists" means "already made". */
import { shortHash } from "../../shared/hash.ts";
import { NAME_MAX_LENGTH, nameWithSuffix } from "../../shared/names.ts";
import { hostRunName } from "../run/host-runs.ts";

/** The drill, as far as names follow from it. */
export interface DrillName {
  readonly name: string;
  readonly uid: string;
}

/** Room for what jobs and claims put after it. */
const BASE_LENGTH = 40;

/** Of the batch that restores; also the label by which pods of the drill are told from all others. */
export function drillBatchName({ name, uid }: DrillName): string {
  return nameWithSuffix(`drill-${name.replaceAll(".", "-")}`, shortHash(uid), BASE_LENGTH);
}

export function drillClaimName(drill: DrillName, index: number): string {
  return `${drillBatchName(drill)}-${index}`;
}

/** Of all that is made for a server: Secret, claim, Job and AppBinding. */
export function drillServerName(drill: DrillName, index: number): string {
  return `${drillBatchName(drill)}-db-${index}`;
}

export function verifyJobName(drill: DrillName): string {
  return nameWithSuffix(drillBatchName(drill), "verify", NAME_MAX_LENGTH);
}

export function scriptJobName(drill: DrillName): string {
  return nameWithSuffix(drillBatchName(drill), "script", NAME_MAX_LENGTH);
}

export function verifyRunName(drill: DrillName, podUid: string): string {
  return hostRunName(drill, { targetIndex: -1, host: "verify", attempt: 1, podUid });
}

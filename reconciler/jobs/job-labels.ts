/** Labels of what is made for a job. Pure. */
import { Label, LabelValue } from "../../shared/contract.ts";
import type { JobView } from "./job-view.ts";

/** The invoker's own labels, under upstream's two. */
export function offshootLabels({ invoker, verb }: JobView): Readonly<Record<string, string>> {
  return {
    ...invoker.labels,
    [Label.Component]: verb === "backup" ? LabelValue.ComponentBackup : LabelValue.ComponentRestore,
    [Label.ManagedBy]: LabelValue.ManagedBy,
  };
}

/** By which the reconciler finds jobs and their pods. */
export function jobLabels(view: JobView): Readonly<Record<string, string>> {
  return {
    ...offshootLabels(view),
    [Label.JobOwner]: view.owner.uid,
    [Label.JobTarget]: String(view.member.index),
  };
}

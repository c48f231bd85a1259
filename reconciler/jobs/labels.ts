/** Labels of what is made for a job. Pure. */
import { Annotation, Label, LabelValue } from "../../shared/contract.ts";
import { withoutOwnKeys } from "../../shared/own-keys.ts";
import { jobHostName } from "./host.ts";
import type { JobView } from "./view.ts";

/** The invoker's own labels, under upstream's two; keys of our domain are ours alone. */
export function offshootLabels({ invoker, verb }: JobView): Readonly<Record<string, string>> {
  return {
    ...withoutOwnKeys(invoker.labels),
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

/** What of a job is no fit for a label. */
export function jobAnnotations(view: JobView): Readonly<Record<string, string>> {
  return { [Annotation.JobHost]: jobHostName(view) };
}

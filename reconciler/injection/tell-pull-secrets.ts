/** Tells on a workload that its pods name no Secret that can pull our image: they may be without it, and some nodes may have it already. */
import { pullSecretsBeside } from "../../shared/injection/pull-secrets.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { textAt } from "../../shared/json/value.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import type { WorkloadId } from "../invoker/workload-key.ts";
import type { InjectionFacts } from "./gather.ts";

export interface PullSecretPorts {
  readonly settings: Pick<InjectionSettings, "pullSecrets">;
  readonly events: Pick<EventRecorder, "record">;
}

export function tellPullSecrets(
  { settings, events }: PullSecretPorts,
  { id, facts }: { readonly id: WorkloadId; readonly facts: InjectionFacts },
): void {
  const { kind, namespace, name } = id;
  const { facts: workload, uid } = facts.workload;
  const account = textAt(workload.podTemplate, "spec", "serviceAccountName") ?? "default";
  const names = pullSecretsBeside(settings, namespace).join(", ");
  const message = `neither the pod template nor ServiceAccount ${account} names a Secret of those that can pull the sidecar's image: where a node lacks the image, its pods do not get ready (next: add ${names} to imagePullSecrets of the ServiceAccount)`;
  events.record({ apiVersion: workload.apiVersion, kind, namespace, name, uid }, "Warning", REASON, message);
}

const REASON = "PullSecretsNotNamed";

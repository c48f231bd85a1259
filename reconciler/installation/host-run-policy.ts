/** The policy that ties a HostRun's status to its pod, on servers that carry policies out: others refuse its very kind. */
import { buildHostRunPolicy } from "../../shared/host-run-authority.ts";
import { textAt } from "../../shared/json/value.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { ADMISSION_POLICIES, ADMISSION_POLICY_BINDINGS, SELF_REVIEWS } from "../../shared/kube/resources.ts";
import type { OwnObject } from "./own-objects.ts";

/** Who this process is for the API server. @throws KubeError */
export async function findOwnUser(client: Pick<KubeClient, "create">, signal: AbortSignal): Promise<string> {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const parse = (answer: unknown): string => textAt(answer, "status", "userInfo", "username") ?? "";
  return client.create(SELF_REVIEWS, undefined, review, parse, { signal });
}

/** @param writer user name of the reconciler */
export function hostRunPolicyObjects(writer: string): readonly OwnObject[] {
  const { policy, binding } = buildHostRunPolicy(writer);
  return [
    { resource: ADMISSION_POLICIES, namespace: undefined, name: policy.metadata.name, body: policy },
    { resource: ADMISSION_POLICY_BINDINGS, namespace: undefined, name: binding.metadata.name, body: binding },
  ];
}

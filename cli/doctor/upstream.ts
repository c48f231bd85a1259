/** Whether upstream Stash's operator is still registered: both would act on the same objects. */
import { asIs, type KubeClient } from "../../shared/kube/client.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { type Finding, ok, warning } from "./finding.ts";

const UPSTREAM_CONFIGURATION = "admission.stash.appscode.com";
const MUTATING: Resource = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "mutatingwebhookconfigurations",
  namespaced: false,
};

export async function inspectUpstream(client: Pick<KubeClient, "find">): Promise<Finding> {
  const found = await client.find(MUTATING, undefined, UPSTREAM_CONFIGURATION, asIs);
  return checkUpstream(found !== undefined);
}

export function checkUpstream(isRegistered: boolean): Finding {
  const check = "upstream Stash";
  if (!isRegistered) return ok(check, "its operator is not registered");
  const message = `MutatingWebhookConfiguration ${UPSTREAM_CONFIGURATION} is there: its operator acts on the same objects`;
  return warning(check, message, "uninstall it as docs/migration.md says; objects and sidecars stay");
}

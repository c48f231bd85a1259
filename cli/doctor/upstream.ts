/** Whether upstream Stash's operator is still registered: both would act on the same objects. And who serves snapshots. */
import { Install } from "../../shared/contract.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";

const UPSTREAM_CONFIGURATION = "admission.stash.appscode.com";
const MUTATING: Resource = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "mutatingwebhookconfigurations",
  namespaced: false,
};

const API_SERVICES: Resource = {
  group: "apiregistration.k8s.io",
  version: "v1",
  plural: "apiservices",
  namespaced: false,
};

export async function inspectUpstream(client: Pick<KubeClient, "find">): Promise<Finding> {
  const found = await client.find(MUTATING, undefined, UPSTREAM_CONFIGURATION, asIs);
  return checkUpstream(found !== undefined);
}

/** @param namespace of the installation */
export async function inspectSnapshotApi(client: Pick<KubeClient, "find">, namespace: string): Promise<Finding> {
  return checkSnapshotApi(await client.find(API_SERVICES, undefined, Install.SnapshotApiService, asIs), namespace);
}

/** @param apiService undefined where there is none */
export function checkSnapshotApi(apiService: unknown, namespace: string): Finding {
  const check = "Snapshot API";
  const name = `APIService ${Install.SnapshotApiService}`;
  if (apiService === undefined) return ok(check, "it is not registered: kubectl get snapshots is an option");
  const [at, service] = ["namespace", "name"].map((key) => textAt(apiService, "spec", "service", key) ?? "");
  if (at !== namespace || service !== Install.WebhookService) {
    const message = `${name} is another program's: ${at}/${service} serves snapshots, and not this installation`;
    return warning(check, message, "leave it, or uninstall that program as docs/migration.md says and apply this one");
  }
  const condition = listAt(apiService, "status", "conditions").find((one) => textAt(one, "type") === "Available");
  if (textAt(condition, "status") === "True") return ok(check, "the API server reaches it");
  const why = [textAt(condition, "reason"), textAt(condition, "message")].filter(Boolean).join(": ") || "no word yet";
  return fault(
    check,
    `${name} is not available (${why}): no namespace can be deleted meanwhile`,
    "see that the webhook runs with --snapshot-api and that the API server reaches its port, or delete the APIService",
  );
}

function checkUpstream(isRegistered: boolean): Finding {
  const check = "upstream Stash";
  if (!isRegistered) return ok(check, "its operator is not registered");
  const message = `MutatingWebhookConfiguration ${UPSTREAM_CONFIGURATION} is there: its operator acts on the same objects`;
  return warning(check, message, "uninstall it as docs/migration.md says; objects and sidecars stay");
}

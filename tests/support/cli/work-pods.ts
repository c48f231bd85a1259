/** Pods of Jobs that work on a repository, as controllers and a node would bring them about. */
import { JOBS, PODS } from "../../../cli/cluster/resources.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { Container, Install } from "../../../shared/contract.ts";
import { textAt } from "../../../shared/json/value.ts";
import { KUBERNETES } from "../objects/resources.ts";
import type { MemoryApi } from "./memory-api.ts";

export function aRepository(name: string, secret: string) {
  return {
    apiVersion: KINDS.Repository.apiVersion,
    kind: KINDS.Repository.kind,
    metadata: { name, namespace: "shop" },
    spec: { backend: { rest: { url: "http://127.0.0.1:1/" }, storageSecretName: secret } },
  };
}

/** Gives the Jobs a namespace and an image, and each a pod. @param state of its container, once it was made */
export function runWorkPods(api: MemoryApi, state: object = { running: { startedAt: "2030-01-01T00:00:00Z" } }): void {
  api.put(KUBERNETES.Namespace, { metadata: { name: "shop" } });
  api.put(KUBERNETES.Deployment, {
    metadata: { name: Install.WebhookService, namespace: Install.Namespace },
    spec: { template: { spec: { containers: [{ image: "stash-batch:1" }] } } },
  });
  api.reacts = ({ line, body }) => {
    const job = textAt(body, "metadata", "name");
    if (line !== "POST /apis/batch/v1/namespaces/shop/jobs" || job === undefined) return;
    api.put(PODS, aWorkPod(job, state));
  };
}

export function aWorkPod(job: string, state: object) {
  return {
    metadata: { name: `${job}-pod`, namespace: "shop", labels: { "job-name": job } },
    status: { containerStatuses: [{ name: Container.Sidecar, state }] },
  };
}

export function jobsOf(api: MemoryApi): readonly unknown[] {
  return api.list(JOBS, "shop");
}

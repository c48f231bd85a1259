/**
 * Whether the namespace's quotas have room for a drill's pods: asked by dry runs before anything is made. What else may speak against them is
 * told when they are made: a dry run knows neither their owner nor their account.
 */
import { ExecutionOrder } from "../../shared/contract.ts";
import { type JsonObject, objectsAt } from "../../shared/injection/workload.ts";
import { isJsonObject, valueAt } from "../../shared/json/value.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { PODS } from "../../shared/kube/resources.ts";
import { inNamespace, type NamespaceClient } from "../authority.ts";
import { isFullQuota } from "../jobs/of-target.ts";
import { gatherServerFacts, type ServerPorts } from "./make-servers.ts";
import { drillMetadata } from "./objects.ts";
import { planScriptJob } from "./script-job.ts";
import { buildServerJob } from "./server-objects.ts";
import type { DrillStatus } from "./status.ts";
import { drillJobView, planVerifyJob } from "./verify-job.ts";
import type { DrillView } from "./view.ts";

const DEADLINE_SECONDS = 60;

/**
 * @param status of a drill that is about to begin
 * @returns why there is no room, in the API server's words
 * @throws UserError BACKEND_INVALID, DRILL_NOT_POSSIBLE; KubeError when the API server can't be reached
 */
export async function whyNoPods(
  { client, settings, signal }: ServerPorts,
  view: DrillView,
  status: DrillStatus,
): Promise<string | undefined> {
  const { drill: before, verifier, repository, invoker } = view;
  if (verifier === undefined || repository === undefined) return undefined;
  const drill = { ...before, status };
  const { namespace } = drill.metadata;
  const { volumes = [], servers = [] } = status;
  const { runtimeSettings, type } = verifier.spec;
  const facts = await gatherServerFacts({ client, settings }, namespace, runtimeSettings, DEADLINE_SECONDS);
  const jobView = drillJobView({ drill, verifier }, repository, { ...facts, settings });
  const ofServers = servers.map((server) => podOf(drill, buildServerJob(drill, server, facts)));
  const agent = podOf(drill, planVerifyJob(jobView, status, "ask").job);
  const script = type === "Script" ? [podOf(drill, planScriptJob(drill, verifier.spec, facts))] : [];
  // Members that come back at once do so beside all servers.
  const atOnce = invoker?.executionOrder === ExecutionOrder.Sequential ? 1 : volumes.length + servers.length;
  const agents = Array.from({ length: Math.max(1, atOnce) }, () => agent);
  const here = inNamespace(client, namespace);
  for (const pods of [[...ofServers, ...agents], ...(script.length > 0 ? [[...ofServers, ...script]] : [])]) {
    const full = await whyFull(here, together(pods), signal);
    if (full !== undefined) return full;
  }
  return undefined;
}

function podOf(drill: DrillView["drill"], job: JsonObject): JsonObject {
  const labels = valueAt(job, "spec", "template", "metadata", "labels");
  const { serviceAccountName: _, ...spec } = objectAt(job, "spec", "template", "spec");
  const { name, namespace } = drillMetadata(drill, `${drill.metadata.name}-room`);
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels }, spec };
}

function objectAt(value: unknown, ...path: readonly string[]): JsonObject {
  const found = valueAt(value, ...path);
  return isJsonObject(found) ? found : {};
}

/** Of the pod's security, what a container may have too: each container brings its own pod's. */
const SHARED_SECURITY = ["runAsNonRoot", "runAsUser", "runAsGroup", "seccompProfile"];

/** One pod that takes what all of them take together. */
function together(pods: readonly JsonObject[]): JsonObject {
  const [first = {}] = pods;
  const { initContainers: _, volumes: __, hostAliases: ___, ...spec } = objectAt(first, "spec");
  const containers = pods.flatMap((pod) => {
    const ofPod = Object.entries(objectAt(pod, "spec", "securityContext")).filter(([key]) =>
      SHARED_SECURITY.includes(key),
    );
    return objectsAt(pod, "spec", "containers").map(({ resources, securityContext }) => ({
      resources,
      securityContext: { ...Object.fromEntries(ofPod), ...(isJsonObject(securityContext) ? securityContext : {}) },
    }));
  });
  return {
    ...first,
    spec: {
      ...spec,
      containers: containers.map((container, at) => ({ name: `c-${at}`, image: "room", ...container })),
    },
  };
}

async function whyFull(here: NamespaceClient, pod: JsonObject, signal: AbortSignal): Promise<string | undefined> {
  try {
    await here.create(PODS, pod, asIs, { dryRun: true, signal });
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (isFullQuota(error.detail)) return error.message;
    if (error.status === 0) throw error;
    return undefined;
  }
}

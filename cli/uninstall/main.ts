/** `stash-batch uninstall`: takes an installation out of a cluster, one step after another; a step that is done is passed over. */
import { setTimeout as sleep } from "node:timers/promises";
import { formatUserError, messageOf, UserError } from "../../shared/errors.ts";
import { asIs, type KubeClient } from "../../shared/kube/client.ts";
import { systemClock } from "../../shared/kube/clock.ts";
import { findConnection } from "../../shared/kube/connect.ts";
import { createDiscovery } from "../../shared/kube/discovery.ts";
import { createKubeClient } from "../../shared/kube/http-client.ts";
import { formatResource, type Resource } from "../../shared/kube/resource.ts";
import { findHeldObjects, findRights, findTriggers, formatLeftover, release } from "./leftovers.ts";
import { parseUninstallArgs, UNINSTALL_USAGE, type UninstallOptions } from "./options.ts";
import {
  CLUSTER_OBJECTS,
  DEFINITIONS,
  NAMESPACES,
  type NamedObjects,
  POLICY_OBJECTS,
  WEBHOOK_OBJECTS,
} from "./own-objects.ts";
import { findCarryingWorkloads, formatWorkload, removeParts } from "./workloads.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const DEPLOYMENTS: Resource = { group: "apps", version: "v1", plural: "deployments", namespaced: true };
const PODS: Resource = { group: "", version: "v1", plural: "pods", namespaced: true };
const OWN_PODS = "app.kubernetes.io/name=stash-batch";
const PROGRAMS = ["stash-batch-reconciler", "stash-batch-webhook"];
const POLL_MS = 500;
const GONE_WITHIN_MS = 120_000;

/** One thing to do, and its line. */
interface Step {
  readonly text: string;
  readonly act: () => Promise<unknown>;
}

/** @returns exit code: 0 when done (or told), 1 when something failed, 2 for wrong flags */
export async function runUninstall(args: readonly string[], env: Environment): Promise<number> {
  let options: UninstallOptions | "help";
  try {
    options = parseUninstallArgs(args);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${UNINSTALL_USAGE}`);
    return 2;
  }
  if (options === "help") {
    console.log(UNINSTALL_USAGE);
    return 0;
  }
  const { kubeconfigPath } = options;
  let client: KubeClient | undefined;
  try {
    const connection = await findConnection({ env, ...(kubeconfigPath !== undefined && { kubeconfigPath }) });
    client = createKubeClient({ connection, program: "uninstall" });
    await uninstall(client, options);
    return 0;
  } catch (error) {
    console.error(error instanceof UserError ? formatUserError(error) : messageOf(error));
    console.error("nothing is blocked by what is done so far: run the command again when the cause is mended");
    return 1;
  } finally {
    client?.close();
  }
}

async function uninstall(client: KubeClient, options: UninstallOptions): Promise<void> {
  const { namespace, isConfirmed } = options;
  // The webhook's part first: then nothing is injected or refused any more, whatever happens to the rest.
  const stages = [
    () => Promise.resolve(deletionsOf(client, [...WEBHOOK_OBJECTS, ...POLICY_OBJECTS])),
    () => findPrograms(client, namespace),
    () => findLeftSteps(client, options),
    () => Promise.resolve(findOwnSteps(client, options)),
  ];
  let count = 0;
  for (const stage of stages) {
    for (const { text, act } of await stage()) {
      count += 1;
      console.log(isConfirmed ? text : `would ${text}`);
      if (isConfirmed) await act();
    }
  }
  if (!isConfirmed) console.log(`\n${count} steps. Nothing was changed: add --yes to do this.`);
}

function deletionsOf(client: KubeClient, objects: readonly NamedObjects[]): readonly Step[] {
  return objects.flatMap(({ resource, names }) =>
    names.map((name) => ({
      text: `delete ${formatResource(resource, undefined, name)}`,
      act: () => client.delete(resource, undefined, name),
    })),
  );
}

/** Programs that still run would make again what the next steps remove. */
async function findPrograms(client: KubeClient, namespace: string): Promise<readonly Step[]> {
  const stops = PROGRAMS.map((name) => ({
    text: `delete ${formatResource(DEPLOYMENTS, namespace, name)}`,
    act: () => client.delete(DEPLOYMENTS, namespace, name, { propagationPolicy: "Background" }),
  }));
  const wait = {
    text: `wait until the pods of ${namespace} have ended`,
    act: () =>
      untilGone(`pods in ${namespace}`, async () => {
        const { items } = await client.list(PODS, namespace, asIs, { labelSelector: OWN_PODS });
        return items.length === 0;
      }),
  };
  return [...stops, wait];
}

async function findLeftSteps(client: KubeClient, { removesSidecars }: UninstallOptions): Promise<readonly Step[]> {
  const triggers = await findTriggers(client, createDiscovery(client, systemClock));
  const held = await findHeldObjects(client);
  const rights = removesSidecars ? await findRights(client) : [];
  const workloads = removesSidecars ? await findCarryingWorkloads(client) : [];
  const deletions = [...triggers, ...rights].map((left) => ({
    text: `delete ${formatLeftover(left)}`,
    act: () => client.delete(left.resource, left.namespace, left.name),
  }));
  return [
    ...workloads.map((workload) => ({
      text: `take our containers out of ${formatWorkload(workload)}`,
      act: () => removeParts(client, workload),
    })),
    ...held.map((object) => ({
      text: `release ${formatLeftover(object)}`,
      act: () => release(client, object),
    })),
    ...deletions,
  ];
}

function findOwnSteps(client: KubeClient, { namespace, removesDefinitions }: UninstallOptions): readonly Step[] {
  const goneNamespace = {
    text: `delete ${formatResource(NAMESPACES, undefined, namespace)} and wait until it is gone`,
    act: async () => {
      await client.delete(NAMESPACES, undefined, namespace);
      await untilGone(`namespace ${namespace}`, () => isGone(client, NAMESPACES, namespace));
    },
  };
  const definitions = DEFINITIONS.names.map((name) => ({
    text: `delete ${formatResource(DEFINITIONS.resource, undefined, name)} with its objects, and wait until it is gone`,
    act: async () => {
      await client.delete(DEFINITIONS.resource, undefined, name);
      await untilGone(`definition ${name}`, () => isGone(client, DEFINITIONS.resource, name));
    },
  }));
  return [goneNamespace, ...deletionsOf(client, CLUSTER_OBJECTS), ...(removesDefinitions ? definitions : [])];
}

async function isGone(client: KubeClient, resource: Resource, name: string): Promise<boolean> {
  return (await client.find(resource, undefined, name, asIs)) === undefined;
}

async function untilGone(what: string, check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  while (!(await check())) {
    if (performance.now() > deadline) {
      const next = "look at the object's finalizers and events, then run the command again";
      throw new UserError("API_UNAVAILABLE", `${what}: still there after ${GONE_WITHIN_MS / 1_000} s`, { next });
    }
    await sleep(POLL_MS);
  }
}

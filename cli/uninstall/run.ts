/** Takes an installation out of a cluster, one step after another; a step that is done is passed over. */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../shared/clock.ts";
import { Install } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import { createDiscovery } from "../../shared/kube/client/discovery.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { formatResource, type Resource } from "../../shared/kube/resource.ts";
import { openCluster } from "../cluster/open.ts";
import { DEPLOYMENTS, PODS } from "../cluster/resources.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { isData, printData } from "../terminal/print.ts";
import { findHeldObjects, findRights, findTriggers, formatLeftover, release } from "./leftovers.ts";
import {
  API_SERVICES,
  CLUSTER_OBJECTS,
  DEFINITIONS,
  FRONT_PROXY_BINDING,
  NAMESPACES,
  type NamedObjects,
  POLICY_OBJECTS,
  WEBHOOK_OBJECTS,
} from "./own-objects.ts";
import { findCarryingWorkloads, formatWorkload, removeParts } from "./workloads.ts";

const OWN_PODS = "app.kubernetes.io/name=stash-batch";
const PROGRAMS = ["stash-batch-reconciler", "stash-batch-webhook"];
const POLL_MS = 500;
const GONE_WITHIN_MS = 120_000;

/** One thing to do, and its line. */
interface Step {
  readonly text: string;
  readonly act: () => Promise<unknown>;
}

/** What is taken out, and how far one goes. */
interface Removal {
  /** Of the installation. */
  readonly namespace: string;
  readonly removesSidecars: boolean;
  readonly removesDefinitions: boolean;
  readonly isConfirmed: boolean;
}

/** Tells each step, and takes it where --yes says so. */
export async function runUninstall(input: Input): Promise<ExitCode> {
  const { flags, terminal } = input;
  const { connection } = await openCluster(input);
  const client = createKubeClient({ connection, program: "uninstall" });
  const removal: Removal = {
    namespace: flags.text("namespace") ?? Install.Namespace,
    removesSidecars: flags.has("remove-sidecars"),
    removesDefinitions: flags.has("remove-definitions"),
    isConfirmed: flags.has("yes"),
  };
  const { isConfirmed } = removal;
  const goesOn = "nothing is blocked by what is done so far: run the command again when the cause is mended";
  if (isConfirmed) input.leavesBehind(goesOn);
  const steps: string[] = [];
  try {
    await uninstall(client, removal, (text) => {
      steps.push(text);
      if (!isData(input.format)) terminal.print(isConfirmed ? text : `would ${text}`);
    });
    if (isData(input.format)) printData(input, { isDone: isConfirmed, steps });
    else if (!isConfirmed) terminal.print(`\n${steps.length} steps. Nothing was changed: add --yes to do this.`);
    return ExitCode.Good;
  } catch (thrown) {
    terminal.note(goesOn);
    throw thrown;
  } finally {
    client.close();
  }
}

async function uninstall(client: KubeClient, removal: Removal, tell: (text: string) => void): Promise<void> {
  const { namespace, isConfirmed } = removal;
  // The webhook's part first: then nothing is injected or refused any more, whatever happens to the rest.
  const stages = [
    () => Promise.resolve(deletionsOf(client, [...WEBHOOK_OBJECTS, ...POLICY_OBJECTS])),
    () => findSnapshotApi(client, namespace),
    () => findPrograms(client, namespace),
    () => findLeftSteps(client, removal),
    () => Promise.resolve(findOwnSteps(client, removal)),
  ];
  for (const stage of stages) {
    for (const { text, act } of await stage()) {
      tell(text);
      if (isConfirmed) await act();
    }
  }
}

function deletionsOf(client: KubeClient, objects: readonly NamedObjects[]): readonly Step[] {
  return objects.flatMap(({ resource, names }) =>
    names.map((name) => ({
      text: `delete ${formatResource(resource, undefined, name)}`,
      act: () => client.delete(resource, undefined, name),
    })),
  );
}

/** The APIService before its server ends, where it is this installation's. */
async function findSnapshotApi(client: KubeClient, namespace: string): Promise<readonly Step[]> {
  const name = Install.SnapshotApiService;
  const service = await client.find(API_SERVICES, undefined, name, (raw) =>
    ["namespace", "name"].map((key) => textAt(raw, "spec", "service", key)).join("/"),
  );
  if (service !== `${namespace}/${Install.WebhookService}`) return [];
  const binding = FRONT_PROXY_BINDING;
  return [
    ...deletionsOf(client, [{ resource: API_SERVICES, names: [name] }]),
    {
      text: `delete ${formatResource(binding.resource, binding.namespace, binding.name)}`,
      act: () => client.delete(binding.resource, binding.namespace, binding.name),
    },
  ];
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

async function findLeftSteps(client: KubeClient, { removesSidecars }: Removal): Promise<readonly Step[]> {
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

function findOwnSteps(client: KubeClient, { namespace, removesDefinitions }: Removal): readonly Step[] {
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

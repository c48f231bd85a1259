/** Makes sure that something triggers an invoker's sessions: the reconciler itself, or a CronJob. */
import { Label, LabelValue } from "../../shared/contract.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { canonicalJson } from "../../shared/hash.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { backupInvokerView } from "../../shared/invoker/object.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import type { Discovery } from "../../shared/kube/client/discovery.ts";
import { isAlreadyExists, isNotFound, KubeError } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { CRON_JOBS, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from "../../shared/kube/resources.ts";
import type { Logger } from "../../shared/log.ts";
import { inNamespace } from "../authority.ts";
import type { TriggerFact } from "../invoker/status-view.ts";
import { gatherLimitRanges } from "../jobs/gather.ts";
import {
  buildCronJob,
  buildTriggerAccount,
  buildTriggerBinding,
  buildTriggerRole,
  type CronJobOrder,
  cronJobNames,
  zoneSupport,
} from "./cron-job.ts";
import { readSchedule } from "./gather.ts";
import type { BackupInvoker } from "./ports.ts";

export interface TriggerPorts {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">;
  readonly discovery: Discovery;
  readonly settings: Pick<InjectionSettings, "image" | "command" | "resources" | "pullSecrets">;
  readonly log: Logger;
}

export interface Trigger {
  /** Told once, before the first `ensure`. */
  prepare(): Promise<void>;
  ensure(invoker: BackupInvoker, signal: AbortSignal): Promise<TriggerFact>;
}

/** What a CronJob without a zone runs in, as far as anybody can tell. */
const UNNAMED_ZONES: readonly string[] = ["UTC", "Etc/UTC", "Etc/GMT", "GMT"];

/**
 * The reconciler triggers by itself. CronJobs that a former installation left, upstream's too, would trigger once more: they
 * go.
 *
 * @param namespace only this one; all when undefined
 */
export function createInProcessTrigger(ports: TriggerPorts, namespace: string | undefined): Trigger {
  return {
    prepare: () => removeCronJobs(ports, namespace),
    ensure: async (invoker) => {
      try {
        readSchedule(backupInvokerView(invoker));
        return { kind: "InProcess" };
      } catch (error) {
        return invalid(error);
      }
    },
  };
}

/** One CronJob an invoker triggers. */
export function createCronJobTrigger(ports: TriggerPorts): Trigger {
  /** What each invoker's objects were last brought to. */
  const applied = new Map<string, string>();
  return {
    prepare: async () => {},
    async ensure(invoker, signal) {
      try {
        const order = await orderOf(ports, invoker, signal);
        const wanted = canonicalJson([buildCronJob(order), buildTriggerAccount(order)]);
        const key = invoker.metadata.uid ?? "";
        if (applied.get(key) !== wanted) {
          await applyAll(ports, order, signal);
          applied.set(key, wanted);
          ports.log.info({ cronJob: `${invoker.metadata.namespace}/${order.name}` }, "CronJob applied");
        }
        return { kind: "CronJob", name: order.name };
      } catch (error) {
        if (error instanceof UserError) return invalid(error);
        if (!(error instanceof KubeError) || error.retryable) throw error;
        return { kind: "CronJobFailed", message: messageOf(error) };
      }
    },
  };
}

function invalid(error: unknown): TriggerFact {
  if (!(error instanceof UserError)) throw error;
  return { kind: "Invalid", message: `${error.message} (next: ${error.next})` };
}

async function cronJobResource({ discovery }: TriggerPorts): Promise<Resource> {
  const resource = await discovery.firstServed(CRON_JOBS);
  if (resource === undefined) throw new UserError("API_UNAVAILABLE", "the API server knows no CronJobs");
  return resource;
}

async function orderOf(ports: TriggerPorts, invoker: BackupInvoker, signal: AbortSignal): Promise<CronJobOrder> {
  const schedule = readSchedule(backupInvokerView(invoker));
  const resource = await cronJobResource(ports);
  const { minor, text } = await ports.discovery.serverVersion();
  const zones = zoneSupport(minor);
  if (zones === "none" && !UNNAMED_ZONES.includes(schedule.timeZone)) {
    throw new UserError(
      "SCHEDULE_INVALID",
      `CronJobs of ${text} know no time zone, and ${schedule.timeZone} is wanted`,
      {
        next: "Write the schedule in UTC, or run the reconciler without --trigger=cronjob.",
      },
    );
  }
  return {
    invoker,
    schedule,
    name: await freeName(ports, resource, invoker, signal),
    apiVersion: `${resource.group}/${resource.version}`,
    zones,
    settings: ports.settings,
    limitRanges: await gatherLimitRanges(ports.client, invoker.metadata.namespace, signal),
  };
}

/** The first name that no other invoker's CronJob has. */
async function freeName(
  { client }: TriggerPorts,
  resource: Resource,
  invoker: BackupInvoker,
  signal: AbortSignal,
): Promise<string> {
  const names = cronJobNames(invoker);
  for (const name of names) {
    const present = await client.find(resource, invoker.metadata.namespace, name, asIs, { signal });
    if (present === undefined || isOwnedBy(present, invoker)) return name;
  }
  throw new UserError("INTERNAL", `CronJob names ${names.join(" and ")} are taken by others`);
}

function isOwnedBy(object: unknown, { metadata }: BackupInvoker): boolean {
  return listAt(object, "metadata", "ownerReferences").some((owner) => textAt(owner, "uid") === metadata.uid);
}

async function applyAll(ports: TriggerPorts, order: CronJobOrder, signal: AbortSignal): Promise<void> {
  const here = inNamespace(ports.client, order.invoker.metadata.namespace);
  const apply = (resource: Resource, body: unknown) =>
    here.patch(resource, order.name, { kind: "apply", body, force: true }, asIs, { signal });
  const account = buildTriggerAccount(order);
  if (account !== undefined) {
    await here.create(SERVICE_ACCOUNTS, account, asIs, { signal }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
  await apply(ROLES, buildTriggerRole(order));
  await apply(ROLE_BINDINGS, buildTriggerBinding(order));
  await apply(await cronJobResource(ports), buildCronJob(order));
}

/** Those that carry the label of everything that is made for a backup and belong to one of our invokers. */
async function removeCronJobs(ports: TriggerPorts, namespace: string | undefined): Promise<void> {
  const { client, log } = ports;
  const resource = await cronJobResource(ports);
  const labelSelector = `${Label.ManagedBy}=${LabelValue.ManagedBy},${Label.Component}=${LabelValue.ComponentBackup}`;
  const { items } = await client.list(resource, namespace, asIs, { labelSelector });
  for (const item of items.filter(isTriggerOfInvoker)) {
    const [at = "", name = ""] = [textAt(item, "metadata", "namespace"), textAt(item, "metadata", "name")];
    try {
      await inNamespace(client, at).delete(resource, name, { propagationPolicy: "Background" });
      log.info({ cronJob: `${at}/${name}` }, "CronJob removed: the reconciler itself starts the sessions");
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function isTriggerOfInvoker(cronJob: unknown): boolean {
  return listAt(cronJob, "metadata", "ownerReferences").some((owner) => {
    const kind = textAt(owner, "kind");
    return kind === "BackupConfiguration" || kind === "BackupBatch";
  });
}

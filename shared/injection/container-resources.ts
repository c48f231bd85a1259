/**
 * What our containers request and may use. Without requests a quota refuses the application's pods, and an autoscaler that
 * goes by utilisation stops.
 */
import type { Resources } from "../api/kubernetes/pod.ts";
import { Annotation, SCRATCH_LIMIT } from "../contract.ts";
import { UserError } from "../errors.ts";
import { isJsonObject, valueAt } from "../json/value.ts";
import { isAbove, readQuantity } from "../quantity.ts";
import { findResourceFaults } from "../validation/resources.ts";
import { fitDefaults, type LimitRange } from "./limit-range.ts";
import { applicationContainers } from "./own-parts.ts";
import { fitToPod, NOTHING_ELSE } from "./pod-range.ts";
import type { JsonObject, TextMap } from "./workload.ts";

/** Defaults of the installation, a container each. */
export interface DefaultResources {
  readonly sidecar: Resources;
  readonly restore: Resources;
  /** Each container of a job. */
  readonly job: Resources;
}

const IDLE = { cpu: "10m", memory: "64Mi" };

/**
 * Requests are for a sidecar that waits, which is what it does nearly always. Limits are there since a quota may ask for
 * them: one core slows a backup at worst, and the memory is well above what restic takes (docs/operations.md has figures), for a
 * limit that kills restic is worse than none. Scratch space has none: its limit would evict the application.
 */
const PRODUCT_DEFAULT: Resources = { requests: IDLE, limits: { cpu: "1", memory: "1Gi" } };

export const DEFAULT_RESOURCES: DefaultResources = {
  sidecar: PRODUCT_DEFAULT,
  restore: PRODUCT_DEFAULT,
  job: PRODUCT_DEFAULT,
};

type Amounts = Readonly<Record<string, string | number>>;
type Lists = { readonly requests: Record<string, string | number>; readonly limits: Record<string, string | number> };

/**
 * Reads `requests.cpu=10m,limits.memory=1Gi`, the names as a ResourceQuota has them. An empty text means none at all.
 *
 * @param where flag or annotation, for the message
 * @throws UserError INVALID_OBJECT
 */
export function parseResources(text: string, where: string): Resources {
  const lists: Lists = { requests: {}, limits: {} };
  for (const entry of text.split(",").map((part) => part.trim())) {
    if (entry === "") continue;
    const [, list, name = "", amount = ""] = /^(requests|limits)\.([^=]{1,253})=(.{1,64})$/.exec(entry) ?? [];
    const value = readQuantity(amount);
    if ((list !== "requests" && list !== "limits") || value === undefined || name === "__proto__") {
      throw new UserError("INVALID_OBJECT", `${where}: ${JSON.stringify(entry.slice(0, 100))} can't be read`, {
        next: "Write requests.cpu=10m,requests.memory=64Mi,limits.memory=1Gi or the like.",
      });
    }
    lists[list][name] = amount;
  }
  const [fault] = findResourceFaults(lists);
  if (fault === undefined) return withoutEmpty(lists);
  throw new UserError("INVALID_OBJECT", `${where}: ${fault.field} ${fault.message}`, { next: fault.next });
}

export interface AskedResources {
  readonly resources?: Resources;
  /** Why the annotation does not count. */
  readonly warning?: string;
}

const STORAGE = "ephemeral-storage";

/** What of a pod template counts for the resources of a container that comes into it. */
export interface PodAmounts {
  /**
   * A container of the application limits what the pod may store on its node. Such a limit is the pod's, and our scratch volume
   * counts against it.
   */
  readonly isStorageLimited: boolean;
  /** Names of resources that the pod has for all its containers together. */
  readonly shared: readonly string[];
}

export function readPodAmounts(podTemplate: JsonObject): PodAmounts {
  const isStorageLimited = applicationContainers(podTemplate).some(
    (container) => valueAt(container, "resources", "limits", STORAGE) !== undefined,
  );
  const pod = valueAt(podTemplate, "spec", "resources");
  return { isStorageLimited, shared: pod === undefined ? NONE : sharedNames(pod) };
}

const NONE: readonly string[] = [];

function sharedNames(pod: unknown): readonly string[] {
  const lists = ["requests", "limits"].map((list) => valueAt(pod, list)).filter(isJsonObject);
  return [...new Set(lists.flatMap((list) => Object.keys(list)))].sort();
}

/**
 * Resources without those that the pod has for all its containers: the API server refuses a pod of which one container may use more, or
 * whose containers together request more. Quotas and autoscalers go by the pod's.
 */
export function withoutShared(resources: Resources, shared: readonly string[]): Resources {
  if (shared.length === 0) return resources;
  const { requests = {}, limits = {}, ...others } = resources;
  const own = (amounts: Amounts): Amounts =>
    Object.fromEntries(Object.entries(amounts).filter(([name]) => !shared.includes(name)));
  return { ...withoutEmpty({ requests: own(requests), limits: own(limits) }), ...others };
}

/** Default resources with room for the scratch volume, where the pod has a limit: without one they would make it one. */
export function withScratch(defaults: Resources, isLimited: boolean): Resources {
  if (!isLimited || defaults.limits?.[STORAGE] !== undefined) return defaults;
  return {
    requests: { [STORAGE]: SCRATCH_REQUEST, ...defaults.requests },
    limits: { ...defaults.limits, [STORAGE]: SCRATCH_LIMIT },
  };
}

/** A cache grows only where there is one; a request as high as the limit would keep pods from small nodes. */
const SCRATCH_REQUEST = "16Mi";

/** What the workload's annotation asks for. One that can't be read counts as none, and is told. */
export function readAskedResources(annotations: TextMap): AskedResources {
  const text = annotations[Annotation.Resources];
  if (text === undefined) return {};
  try {
    return { resources: parseResources(text, `annotation ${Annotation.Resources}`) };
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return { warning: `${thrown.message}, so it does not count (next: ${thrown.next})` };
  }
}

/**
 * The resources of one container: for each resource the last layer that names it counts. Where a layer gives a limit alone, that is
 * its request too, as Kubernetes has it; where it gives a request alone, a limit from below is raised to it.
 *
 * @param layers defaults first
 */
export function mergeResources(layers: readonly (Resources | undefined)[]): Resources {
  let merged: Resources = {};
  for (const layer of layers) if (layer !== undefined) merged = withLayer(merged, layer);
  return merged;
}

/**
 * Resources of a job's container.
 *
 * @param defaults of the installation; the product's own when undefined
 * @param ranges of the namespace in which it runs
 * @param asked what the member's settings ask for
 */
export function jobResources(
  defaults: DefaultResources | undefined,
  ranges: readonly LimitRange[],
  asked?: Resources,
): Resources {
  return resourcesWithin((defaults ?? DEFAULT_RESOURCES).job, ranges, asked);
}

/** Resources of the only container of a pod. @param asked what its settings ask for */
export function resourcesWithin(defaults: Resources, ranges: readonly LimitRange[], asked?: Resources): Resources {
  return mergeResources([fitToPod(fitDefaults(defaults, ranges), ranges, NOTHING_ELSE), asked]);
}

function withLayer(base: Resources, layer: Resources): Resources {
  // Fields that we don't know stay as they are.
  const { requests: _, limits: __, ...others } = { ...base, ...layer };
  const requests = { ...base.requests, ...limitsAlone(base, layer), ...layer.requests };
  const limits = { ...base.limits, ...layer.limits };
  for (const [name, request] of Object.entries(layer.requests ?? {})) {
    const isFromBelow = layer.limits?.[name] === undefined;
    if (isFromBelow && isAbove(request, limits[name])) limits[name] = request;
  }
  return { ...withoutEmpty({ requests, limits }), ...others };
}

/** Only where a request would come from below: else the API server sees to it, as always. */
function limitsAlone(base: Resources, { requests, limits = {} }: Resources): Amounts {
  const names = Object.keys(limits).filter(
    (name) => requests?.[name] === undefined && base.requests?.[name] !== undefined,
  );
  return Object.fromEntries(names.map((name) => [name, limits[name] ?? 0]));
}

function withoutEmpty({ requests, limits }: { readonly requests: Amounts; readonly limits: Amounts }): Resources {
  return {
    ...(Object.keys(requests).length > 0 && { requests }),
    ...(Object.keys(limits).length > 0 && { limits }),
  };
}

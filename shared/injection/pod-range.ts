/** What a namespace's LimitRanges of type Pod leave of default resources beside what the application's containers take. */
import type { Resources } from "../api/kubernetes/pod.ts";
import { valueAt } from "../json/value.ts";
import { isAbove, readQuantity } from "../quantity.ts";
import type { LimitRange, LimitRangeItem } from "./limit-range.ts";
import { applicationContainers } from "./own-parts.ts";
import type { JsonObject } from "./workload.ts";

/** A limit of all containers of a pod together, by the name of its resource; undefined where one of them has none. */
export type PodLimits = (resource: string) => number | undefined;

/** The pod of a job is our container alone. */
export const NOTHING_ELSE: PodLimits = () => 0;

/** What the application's containers may take, with what the namespace's LimitRanges fill in for those that say nothing. */
export function readPodLimits(podTemplate: JsonObject, ranges: readonly LimitRange[]): PodLimits {
  const containers = applicationContainers(podTemplate);
  return (resource) => {
    let sum = 0;
    for (const container of containers) {
      const own = valueAt(container, "resources", "limits", resource);
      const limit = readAmount(own) ?? readAmount(filledIn(ranges, resource));
      if (limit === undefined) return undefined;
      sum += limit;
    }
    return sum;
  };
}

/** Whether anything of the namespace limits pods as a whole. */
export function limitsPods(ranges: readonly LimitRange[]): boolean {
  return ranges.some(({ pods }) => pods.length > 0);
}

/**
 * Default resources that fit beside the application's. Where there is not even room for what is requested they stay as they are, and
 * the dry run before an injection has the cluster's words.
 */
export function fitToPod(resources: Resources, ranges: readonly LimitRange[], used: PodLimits): Resources {
  return ranges
    .flatMap(({ pods }) => pods)
    .reduce((fitted, item) => fitToItem(fitted, item, { ranges, used }), resources);
}

function fitToItem(
  resources: Resources,
  { max, maxLimitRequestRatio }: LimitRangeItem,
  { ranges, used }: { readonly ranges: readonly LimitRange[]; readonly used: PodLimits },
): Resources {
  const requests: Record<string, string | number> = { ...resources.requests };
  const limits: Record<string, string | number> = { ...resources.limits };
  for (const [name, most] of Object.entries(max)) {
    const limit = limits[name] ?? filledIn(ranges, name);
    const taken = used(name);
    const all = readQuantity(most);
    if (limit === undefined || taken === undefined || all === undefined) continue;
    const room = formatAmount(name, all - taken);
    if (isAbove(limit, room) && !isAbove(requests[name] ?? 1, room)) limits[name] = room;
  }
  for (const [name, ratio] of Object.entries(maxLimitRequestRatio)) {
    const limit = limits[name];
    const least = (readQuantity(limit ?? 0) ?? 0) / (readQuantity(ratio) ?? 1);
    // Where each container keeps it, so do all of them together.
    if (limit !== undefined && least > (readQuantity(requests[name] ?? 0) ?? 0)) requests[name] = limit;
  }
  return { requests, limits };
}

/** What the API server gives a container that says nothing of a resource. */
function filledIn(ranges: readonly LimitRange[], resource: string): string | number | undefined {
  for (const item of ranges.flatMap(({ items }) => items)) {
    const limit = item.default[resource] ?? item.max[resource];
    if (limit !== undefined) return limit;
  }
  return undefined;
}

function readAmount(raw: unknown): number | undefined {
  return typeof raw === "string" || typeof raw === "number" ? readQuantity(raw) : undefined;
}

/** CPU in thousandths of a core, all else as a whole number. */
function formatAmount(resource: string, amount: number): string {
  return resource === "cpu" ? `${Math.floor(amount * 1_000 + ROUNDING)}m` : String(Math.floor(amount));
}

/** 1 - 0.8 is a little less than 0.2. */
const ROUNDING = 1e-6;

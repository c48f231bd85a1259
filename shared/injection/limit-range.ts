/** What a namespace's LimitRanges leave of default resources: a default of ours must not make its pods be refused. */
import type { Resources } from "../api/kubernetes/pod.ts";
import { isJsonObject, listAt, textAt, valueAt } from "../json/value.ts";
import { isAbove, readQuantity } from "../quantity.ts";
import type { JsonObject } from "./workload.ts";

type Amounts = Readonly<Record<string, string | number>>;

export interface LimitRange {
  readonly namespace: string;
  /** Those for containers. */
  readonly items: readonly LimitRangeItem[];
  /** Those for all containers of a pod together. */
  readonly pods: readonly LimitRangeItem[];
}

export interface LimitRangeItem {
  /** Limits that the API server fills in. */
  readonly default: Amounts;
  readonly defaultRequest: Amounts;
  readonly min: Amounts;
  readonly max: Amounts;
  readonly maxLimitRequestRatio: Amounts;
}

/** Reads a LimitRange; entries that are no quantities are left out. */
export function readLimitRange(raw: unknown): LimitRange {
  const itemsOf = (type: string) =>
    listAt(raw, "spec", "limits")
      .filter((item): item is JsonObject => textAt(item, "type") === type)
      .map(readItem);
  return { namespace: textAt(raw, "metadata", "namespace") ?? "", items: itemsOf("Container"), pods: itemsOf("Pod") };
}

function readItem(item: JsonObject): LimitRangeItem {
  const read = (key: string): Amounts => {
    const amounts = valueAt(item, key);
    if (!isJsonObject(amounts)) return {};
    return Object.fromEntries(
      Object.entries(amounts).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
  };
  return {
    default: read("default"),
    defaultRequest: read("defaultRequest"),
    min: read("min"),
    max: read("max"),
    maxLimitRequestRatio: read("maxLimitRequestRatio"),
  };
}

/** Default resources as LimitRanges let them be. What these fill in by themselves is left to them, and so stays right. */
export function fitDefaults(defaults: Resources, ranges: readonly LimitRange[]): Resources {
  return ranges.flatMap(({ items }) => items).reduce(fitToItem, defaults);
}

function fitToItem(resources: Resources, item: LimitRangeItem): Resources {
  const requests: Record<string, string | number> = { ...resources.requests };
  const limits: Record<string, string | number> = { ...resources.limits };
  for (const name of new Set([...Object.keys(requests), ...Object.keys(limits)])) {
    if ((item.default[name] ?? item.max[name]) !== undefined) {
      delete requests[name];
      delete limits[name];
      continue;
    }
    const least = item.min[name];
    if (least !== undefined && isAbove(least, requests[name] ?? 0)) requests[name] = least;
    if (limits[name] !== undefined && isAbove(requests[name], limits[name])) limits[name] = requests[name] ?? 0;
    const limit = limits[name];
    if (limit !== undefined && isRatioAbove(limit, requests[name], item.maxLimitRequestRatio[name])) {
      requests[name] = limit;
    }
  }
  return { requests, limits };
}

function isRatioAbove(
  limit: string | number,
  request: string | number | undefined,
  ratio: string | number | undefined,
): boolean {
  if (ratio === undefined) return false;
  const most = (readQuantity(request ?? 0) ?? 0) * (readQuantity(ratio) ?? 0);
  return (readQuantity(limit) ?? 0) > most;
}

/** What stands in a Lease, and what a contender does about it. Pure. */
import { isJsonObject, numberAt, textAt } from "../../json/value.ts";
import { formatMicroTime } from "../../timestamps.ts";

export interface LeaseRecord {
  /** Empty when nobody holds the lease. */
  readonly holder: string;
  /** How long the holder may be silent, in milliseconds. */
  readonly durationMs: number;
  /** When the holder last renewed it, by the holder's clock: compared for change, never for age. */
  readonly renewTime: string;
  readonly transitions: number;
  readonly resourceVersion: string;
  /** The object as it came; what is not ours goes back as it was. */
  readonly raw: unknown;
}

export function readLeaseRecord(raw: unknown): LeaseRecord {
  return {
    holder: textAt(raw, "spec", "holderIdentity") ?? "",
    durationMs: (numberAt(raw, "spec", "leaseDurationSeconds") ?? 0) * 1000,
    renewTime: textAt(raw, "spec", "renewTime") ?? "",
    transitions: numberAt(raw, "spec", "leaseTransitions") ?? 0,
    resourceVersion: textAt(raw, "metadata", "resourceVersion") ?? "",
    raw,
  };
}

/** A record, and since when this process has seen it unchanged, by the process's own clock. */
export interface ObservedLease {
  readonly record: LeaseRecord;
  readonly since: number;
}

/** Notes a newly read record. The time counts from the first sight of it: clocks of other machines don't matter. */
export function observeLease(before: ObservedLease | undefined, record: LeaseRecord, now: number): ObservedLease {
  const same =
    before !== undefined &&
    before.record.holder === record.holder &&
    before.record.renewTime === record.renewTime &&
    before.record.transitions === record.transitions;
  return { record, since: same ? before.since : now };
}

export type LeaseMove = "create" | "renew" | "take" | "wait";

/**
 * Decides what a contender does with what it sees.
 *
 * | lease                                          | move   |
 * |------------------------------------------------|--------|
 * | none                                           | create |
 * | held by this identity                          | renew  |
 * | held by nobody                                 | take   |
 * | seen unchanged for as long as it is valid      | take   |
 * | else                                           | wait   |
 *
 * @param leaseDurationMs the contender's own idea of how long a lease is valid; the longer of the two counts
 * @param now monotonic, in milliseconds
 */
export function decideLeaseMove(
  observed: ObservedLease | undefined,
  identity: string,
  leaseDurationMs: number,
  now: number,
): LeaseMove {
  if (observed === undefined) return "create";
  const { holder, durationMs } = observed.record;
  if (holder === identity) return "renew";
  if (holder === "") return "take";
  return now - observed.since >= Math.max(durationMs, leaseDurationMs) ? "take" : "wait";
}

export interface LeaseAddress {
  readonly namespace: string;
  readonly name: string;
}

/** Builds the Lease as this identity holds it. Keeps what the object has beside our fields. */
export function buildHeldLease(
  address: LeaseAddress,
  current: LeaseRecord | undefined,
  identity: string,
  leaseDurationMs: number,
  epochMs: number,
): unknown {
  const now = formatMicroTime(epochMs);
  const held = current?.holder === identity;
  const raw = isJsonObject(current?.raw) ? current.raw : {};
  const spec = isJsonObject(raw["spec"]) ? raw["spec"] : {};
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    ...raw,
    metadata: isJsonObject(raw["metadata"]) ? raw["metadata"] : address,
    spec: {
      ...spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: held ? (spec["acquireTime"] ?? now) : now,
      renewTime: now,
      leaseTransitions: (current?.transitions ?? 0) + (held || current === undefined ? 0 : 1),
    },
  };
}

/** Builds the Lease as nobody holds it, from one that this identity held. */
export function buildReleasedLease(current: LeaseRecord, epochMs: number): unknown {
  const raw = isJsonObject(current.raw) ? current.raw : {};
  const spec = isJsonObject(raw["spec"]) ? raw["spec"] : {};
  // Some API servers refuse an empty holder; an absent one means the same.
  const { holderIdentity: _, ...rest } = spec;
  return { ...raw, spec: { ...rest, leaseDurationSeconds: 1, renewTime: formatMicroTime(epochMs) } };
}

/**
 * Hosts of a recovery point that a restore leaves out though it restores others of the same workload: replicas that were not wanted at
 * the time, nodes that were away. Pure.
 */
import { ConditionType } from "../../shared/reasons.ts";
import { EMPTY_TARGET_KIND, formatTarget, resolveTargetRef, targetKey } from "../../shared/target/ref.ts";
import { savedForHost } from "../../shared/target/restore-rules.ts";
import { type TargetEntry, withEntryCondition } from "../run/entries.ts";
import { runHosts, runTargets } from "../run/facts.ts";
import { targetRef } from "../run/view.ts";
import type { RestoreStatus } from "./status.ts";
import { memberOf, type RestoreView } from "./view.ts";

/** Kinds whose hosts come and go. What an add-on calls the hosts of a database is its own. */
const SEVERAL_HOSTS: readonly string[] = ["StatefulSet", "DaemonSet", EMPTY_TARGET_KIND];
const MAX_NAMED = 20;

interface TakenHost {
  readonly origin: string;
  readonly hostname: string;
}

function takenBy(view: RestoreView, status: RestoreStatus, target: TargetEntry): readonly TakenHost[] {
  const member = memberOf(view, target);
  const ref = targetRef(view, target);
  if (member === undefined || status.recoveryPoint === undefined) return [];
  const { alias } = member;
  const rules = member.target.rules ?? [];
  const point = status.recoveryPoint;
  return runHosts(target).flatMap(({ hostname = "" }) => {
    const { sourceHost, saved } = savedForHost(rules, { target: ref, alias, hostname, podName: undefined }, point);
    return saved.map(({ target: origin }) => ({
      origin: targetKey(resolveTargetRef(origin, ref.namespace)),
      hostname: sourceHost,
    }));
  });
}

/** What comes before the ordinal or the node, so that the hosts of another member are not taken for this one's. */
function isOfMember(ref: { readonly kind: string }, alias: string | undefined, hostname: string): boolean {
  if (ref.kind === "DaemonSet") return alias === undefined || hostname.startsWith(`${alias}-`);
  const [, prefix] = /^(.*)-\d+$/.exec(hostname) ?? [];
  return prefix === (alias ?? "host");
}

function leftOf(
  view: RestoreView,
  status: RestoreStatus,
  target: TargetEntry,
  taken: ReadonlySet<string>,
): readonly string[] {
  const member = memberOf(view, target);
  const ref = targetRef(view, target);
  if (member === undefined || !SEVERAL_HOSTS.includes(ref.kind)) return [];
  const { alias } = member;
  const rules = member.target.rules ?? [];
  const origins = new Set(takenBy(view, status, target).map(({ origin }) => origin));
  const left = (status.recoveryPoint?.snapshots ?? []).flatMap(({ target: origin, hostname = "" }) => {
    const key = targetKey(resolveTargetRef(origin, ref.namespace));
    if (!origins.has(key) || !isOfMember(ref, alias, hostname) || taken.has(`${key} ${hostname}`)) return [];
    // Where rules give its place another host's data nobody wants its own.
    const host = { target: ref, alias, hostname, podName: undefined };
    return savedForHost(rules, host, {}).sourceHost === hostname ? [hostname] : [];
  });
  return [...new Set(left)];
}

function formatHosts(hosts: readonly string[]): string {
  const more = hosts.length - MAX_NAMED;
  return `${hosts.slice(0, MAX_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** @returns what the restore leaves of its recovery point, for people; undefined when nothing */
export function describeLeftHosts(view: RestoreView, status: RestoreStatus): string | undefined {
  if (status.recoveryPoint === undefined || view.invoker.isDryRun) return undefined;
  const targets = runTargets(status);
  const taken = new Set(
    targets.flatMap((target) => takenBy(view, status, target).map(({ origin, hostname }) => `${origin} ${hostname}`)),
  );
  const lines = targets.flatMap((target) => {
    const left = leftOf(view, status, target, taken);
    return left.length === 0 ? [] : [`${formatHosts(left)} of ${formatTarget(targetRef(view, target))}`];
  });
  return lines.length === 0 ? undefined : `the recovery point has data of ${lines.join("; ")}, which was not restored`;
}

/** The status with a condition that says so. */
export function withLeftHosts(status: RestoreStatus, message: string, now: Date): RestoreStatus {
  const type = ConditionType.PointRestoredWhole;
  return withEntryCondition(status, { type, status: "False", reason: "HostsNotRestored", message }, now);
}

/** The host runs that follow from a restore's entries, and that of the job which looks for recovery points. Pure. */
import type { HostRunSpec } from "../../shared/api/host-run.ts";
import type { ChosenRecoveryPoint } from "../../shared/api/recovery-point.ts";
import type { RestoreMemberView } from "../../shared/invoker/object.ts";
import { podOrdinal } from "../../shared/target/hosts.ts";
import { jobHandler } from "../jobs/hooks.ts";
import { isOpenHost, type TargetEntry } from "../run/entries.ts";
import {
  type HostRunKey,
  type HostRunOrder,
  type HostRuns,
  hooksOrder,
  hostRunName,
  type RunOwner,
  repositoryOrder,
} from "../run/host-runs.ts";
import { hostOrders } from "../run/orders.ts";
import { runOwnerOf } from "../run/view.ts";
import type { RestoreStatus } from "./status.ts";
import { memberOf, type RestoreView } from "./view.ts";

/** So many snapshots of a recovery point go into each host run in any case, for people to read in messages. */
const FEW_SNAPSHOTS = 50;

/** The part of a recovery point that can matter to one host. */
export function pointOf(
  point: ChosenRecoveryPoint | undefined,
  host: string,
  rules: RestoreMemberView["target"]["rules"],
): ChosenRecoveryPoint | undefined {
  const { snapshots = [] } = point ?? {};
  if (point === undefined || snapshots.length <= FEW_SNAPSHOTS) return point;
  const named = [host, ...(rules ?? []).flatMap(({ sourceHost }) => (sourceHost ? [sourceHost] : []))];
  const ordinals = new Set(named.flatMap((name) => podOrdinal(name) ?? []));
  const isNamed = (name: string) => named.includes(name) || ordinals.has(podOrdinal(name) ?? -1);
  const own = snapshots.filter(({ hostname = "" }) => isNamed(hostname));
  // That a host came later than the point is told by all the others that are in it.
  const others = own.length > 0 ? [] : oneOfEach(snapshots, host);
  return { ...point, snapshots: [...own, ...others] };
}

/** One snapshot of each host that is called like this one. */
function oneOfEach<Snapshot extends { readonly hostname?: string }>(
  snapshots: readonly Snapshot[],
  host: string,
): readonly Snapshot[] {
  const nameOf = (hostname: string) => hostname.replace(/-\d+$/, "");
  const alike = snapshots.filter(({ hostname = "" }) => nameOf(hostname) === nameOf(host));
  return [...new Map(alike.map((snapshot) => [snapshot.hostname, snapshot])).values()];
}

function restoreOrder(
  view: RestoreView,
  status: RestoreStatus,
  target: TargetEntry,
  { host, podUid }: HostRunKey,
): Pick<HostRunSpec, "restore" | "hooks" | "disableCaching"> {
  const member = memberOf(view, target);
  const { onFailure } = view.object.spec;
  if (member === undefined) return {};
  const { rules, args } = member.target;
  const point = pointOf(status.recoveryPoint, host, rules);
  return {
    restore: {
      ...(rules !== undefined && { rules }),
      ...(point !== undefined && { point }),
      ...(args !== undefined && { args }),
      ...(onFailure !== undefined && { onFailure }),
    },
    ...hooksOrder(
      jobHandler(member, member.hooks?.preRestore),
      jobHandler(member, member.hooks?.postRestore),
      view.pods.get(podUid)?.namedPorts ?? [],
    ),
    ...(member.spec.tempDir?.disableCaching === true && { disableCaching: true }),
  };
}

/** Name of the host run of the job that looks for recovery points. */
export function searchRunName(owner: RunOwner, podUid: string): string {
  return hostRunName(owner, { targetIndex: -1, host: "", attempt: 1, podUid });
}

function searchOrder(view: RestoreView, owner: RunOwner): readonly HostRunOrder[] {
  const { pointSearch, invoker, object } = view;
  const { pod } = pointSearch;
  if (pod === undefined) return [];
  const { kind, name, uid } = owner;
  return [
    {
      name: searchRunName(owner, pod.uid),
      spec: {
        work: "Maintain",
        run: { kind, name, uid },
        // It works for no host. An empty text is none for servers of 1.20.
        host: pod.name,
        pod,
        ...repositoryOrder(view.repository),
        search: {
          generation: object.metadata.generation ?? 0,
          ...(invoker.session !== undefined && { session: invoker.session }),
          ...(invoker.asOfMs !== undefined && { asOf: new Date(invoker.asOfMs).toISOString() }),
          members: invoker.members.map(({ ref, alias, target }) => ({
            ref,
            ...(alias !== undefined && { alias }),
            ...(target.rules !== undefined && { rules: target.rules }),
          })),
        },
      },
    },
  ];
}

/**
 * One order for each entry whose pod has its turn, and one for the job that looks for recovery points.
 *
 * @param status as it was decided and written
 * @param known host runs of the restore
 */
export function restoreOrders(view: RestoreView, status: RestoreStatus, known: HostRuns): readonly HostRunOrder[] {
  const hosts = hostOrders(view, status, known, ({ target, host, key, present }) =>
    present === undefined && !isOpenHost(host)
      ? undefined
      : {
          work: view.invoker.isDryRun ? "TryRestore" : "Restore",
          ...restoreOrder(view, status, target, key),
        },
  );
  return [...hosts, ...searchOrder(view, runOwnerOf(view.object))];
}

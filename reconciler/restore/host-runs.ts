/** The host runs that follow from a restore's entries, and that of the job which looks for recovery points. Pure. */
import type { HostRunSpec } from "../../shared/api/host-run.ts";
import type { RestoreHostStats } from "../../shared/api/host-stats.ts";
import type { ChosenRecoveryPoint } from "../../shared/api/recovery-point.ts";
import { podOrdinal } from "../../shared/hosts.ts";
import type { RestoreMemberView } from "../../shared/invoker.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import { isOpenHost } from "../run/entries.ts";
import { heartbeatSeconds } from "../run/heartbeats.ts";
import {
  cancelOf,
  type HostRunKey,
  type HostRunOrder,
  type HostRuns,
  hooksOrder,
  hostOrder,
  hostRunName,
  keyOfEntry,
  type RunOwner,
  repositoryOrder,
} from "../run/host-runs.ts";
import { runOwnerOf } from "../run/view.ts";
import type { RestoreStatus } from "./restore-status.ts";
import { hostsOf, type MemberStatus, memberOf, type RestoreView, targetRef, targetsOf } from "./view.ts";

/** So many snapshots of a recovery point go into each host run in any case, for people to read in messages. */
const FEW_SNAPSHOTS = 50;

/** The part of a recovery point that can matter to one host. */
function pointOf(
  point: ChosenRecoveryPoint | undefined,
  host: string,
  rules: RestoreMemberView["target"]["rules"],
): ChosenRecoveryPoint | undefined {
  const { snapshots = [] } = point ?? {};
  if (point === undefined || snapshots.length <= FEW_SNAPSHOTS) return point;
  const named = [host, ...(rules ?? []).flatMap(({ sourceHost }) => (sourceHost ? [sourceHost] : []))];
  const ordinals = new Set(named.flatMap((name) => podOrdinal(name) ?? []));
  const isNamed = (name: string) => named.includes(name) || ordinals.has(podOrdinal(name) ?? -1);
  return { ...point, snapshots: snapshots.filter(({ hostname = "" }) => isNamed(hostname)) };
}

function restoreOrder(
  view: RestoreView,
  status: RestoreStatus,
  target: MemberStatus,
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
    ...hooksOrder(member.hooks?.preRestore, member.hooks?.postRestore, view.pods.get(podUid)?.namedPorts ?? []),
    ...(member.spec.tempDir?.disableCaching === true && { disableCaching: true }),
  };
}

function orderOf(
  view: RestoreView,
  status: RestoreStatus,
  owner: RunOwner,
  at: { readonly targetIndex: number; readonly target: MemberStatus; readonly host: RestoreHostStats },
  known: HostRuns,
): HostRunOrder | undefined {
  const { targetIndex, target, host } = at;
  const key = keyOfEntry(targetIndex, host);
  if (key === undefined) return undefined;
  const name = hostRunName(owner, key);
  const present = known.get(name);
  if (present === undefined && !isOpenHost(host)) return undefined;
  const { creationTimestamp } = view.object.metadata;
  const isOver = view.jobs.has(targetIndex) && isFinalRestorePhase(status.phase);
  return {
    name,
    spec: {
      work: "Restore",
      ...hostOrder(owner, { key, ref: targetRef(view, target), alias: target.alias }, host),
      ...(creationTimestamp !== undefined && { createdAt: creationTimestamp }),
      ...(status.sessionDeadline !== undefined && { deadline: status.sessionDeadline }),
      ...repositoryOrder(view.repository),
      ...restoreOrder(view, status, target, key),
      heartbeatSeconds: heartbeatSeconds(status),
      ...cancelOf(host, present),
      ...(isOver && { isOver }),
    },
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
  const owner = runOwnerOf(view.object);
  const hosts = targetsOf(status).flatMap((target, targetIndex) =>
    hostsOf(target).flatMap((host) => orderOf(view, status, owner, { targetIndex, target, host }, known) ?? []),
  );
  return [...hosts, ...searchOrder(view, owner)];
}

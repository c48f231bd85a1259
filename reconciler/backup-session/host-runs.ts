/** The host runs that follow from a session's entries. Pure. */
import type { HostRunSpec } from "../../shared/api/host-run.ts";
import type { HostStats } from "../../shared/api/host-stats.ts";
import { normalPaths } from "../../shared/paths.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isConditionTrue } from "../../shared/status/conditions.ts";
import { isOpenHost } from "../run/entries.ts";
import { heartbeatSeconds } from "../run/heartbeats.ts";
import {
  actionsOf,
  cancelOf,
  type HostRunOrder,
  type HostRuns,
  hooksOrder,
  hostOrder,
  hostRunName,
  keyOfEntry,
  type RunOwner,
  repositoryOrder,
} from "../run/host-runs.ts";
import { runOwnerOf } from "./run-owner.ts";
import {
  hostsOf,
  memberOf,
  type SessionStatus,
  type SessionView,
  type TargetStatus,
  targetRef,
  targetsOf,
} from "./view.ts";

/** The first host makes sure that the repository exists; all others get their order after that. */
function mayBegin(status: SessionStatus, host: HostStats): boolean {
  const isFirst = (host.actions ?? []).includes("InitializeBackendRepository");
  return isFirst || isConditionTrue(status.conditions, ConditionType.BackendRepositoryInitialized);
}

function hasOpenActions({ actions }: Pick<HostRunSpec, "actions">): boolean {
  return (actions ?? []).some((action) => action !== "InitializeBackendRepository");
}

/** More are not named: what upstream made of further ones stays. */
const MAX_UNTAGGED_HOSTS = 10_000;
const MAX_UNTAGGED_PATHS = 1_000;

/** Hosts and paths whose snapshots without tags are the invoker's too: upstream made them. */
function retentionOrder(view: SessionView, status: SessionStatus): Pick<HostRunSpec, "retention"> {
  const hosts = targetsOf(status).flatMap(hostsOf);
  const members = view.invoker?.view.members ?? [];
  const paths = [
    ...members.flatMap(({ target }) => target.paths ?? []),
    ...hosts.flatMap(({ snapshots }) => (snapshots ?? []).map(({ path }) => path ?? "")),
  ].filter((path) => path !== "");
  const policy = view.invoker?.view.retentionPolicy;
  return {
    retention: {
      ...(policy !== undefined && { policy }),
      hosts: [...new Set(hosts.flatMap(({ hostname }) => (hostname ? [hostname] : [])))].slice(0, MAX_UNTAGGED_HOSTS),
      paths: normalPaths(paths).slice(0, MAX_UNTAGGED_PATHS),
    },
  };
}

function backupOrder(
  view: SessionView,
  target: TargetStatus,
): Pick<HostRunSpec, "backup" | "hooks" | "disableCaching"> {
  const member = memberOf(view, target);
  const { invoker, session } = view;
  if (invoker === undefined || member === undefined) return {};
  const { kind, namespace, name } = invoker.view;
  const { metadata, spec } = session;
  const time = spec.dueTime ?? metadata.creationTimestamp;
  const { paths, exclude, args } = member.target;
  return {
    backup: {
      invoker: { kind, namespace, name },
      ...(time !== undefined && { time }),
      ...(paths !== undefined && { paths: normalPaths(paths) }),
      ...(exclude !== undefined && { exclude }),
      ...(args !== undefined && { args }),
    },
    ...hooksOrder(member.hooks?.preBackup, member.hooks?.postBackup),
    ...(member.spec.tempDir?.disableCaching === true && { disableCaching: true }),
  };
}

function orderOf(
  view: SessionView,
  status: SessionStatus,
  owner: RunOwner,
  at: { readonly targetIndex: number; readonly target: TargetStatus; readonly host: HostStats },
  known: HostRuns,
): HostRunOrder | undefined {
  const { targetIndex, target, host } = at;
  const key = keyOfEntry(targetIndex, host);
  if (key === undefined) return undefined;
  const name = hostRunName(owner, key);
  const present = known.get(name);
  const actions = actionsOf(host, present);
  const isTurn = isOpenHost(host) && mayBegin(status, host);
  if (present === undefined && !isTurn && !hasOpenActions(actions)) return undefined;
  const { metadata, spec } = view.session;
  const isOver = view.jobs.has(targetIndex) && isFinalSessionPhase(status.phase);
  const isRetained = (actions.actions ?? []).includes("ApplyRetentionPolicy");
  return {
    name,
    spec: {
      work: isTurn ? "Backup" : "Maintain",
      ...hostOrder(owner, { key, ref: targetRef(view, target), alias: target.alias }, host),
      ...(metadata.creationTimestamp !== undefined && { createdAt: metadata.creationTimestamp }),
      ...(status.sessionDeadline !== undefined && { deadline: status.sessionDeadline }),
      ...(spec.retryLeft !== undefined && { retryLeft: spec.retryLeft }),
      ...repositoryOrder(view.repository),
      ...backupOrder(view, target),
      ...actions,
      // Settled with the action: what it is about must not change under it.
      ...(isRetained &&
        (present?.spec.retention ? { retention: present.spec.retention } : retentionOrder(view, status))),
      heartbeatSeconds: heartbeatSeconds(status),
      ...cancelOf(host, present),
      ...(isOver && { isOver }),
    },
  };
}

/**
 * One order for each entry whose pod has its turn, or has work on the repository.
 *
 * @param status as it was decided and written
 * @param known host runs of the session
 */
export function sessionOrders(view: SessionView, status: SessionStatus, known: HostRuns): readonly HostRunOrder[] {
  const owner = runOwnerOf(view.session);
  return targetsOf(status).flatMap((target, targetIndex) =>
    hostsOf(target).flatMap((host) => orderOf(view, status, owner, { targetIndex, target, host }, known) ?? []),
  );
}

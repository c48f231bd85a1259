/** The host runs that follow from a session's entries. Pure. */
import type { HostRunSpec } from "../../shared/api/host-run.ts";
import { normalPaths } from "../../shared/paths.ts";
import { isSessionSaved } from "../../shared/status/saved-data.ts";
import { jobHandler } from "../jobs/hooks.ts";
import { isOpenHost, type TargetEntry } from "../run/entries.ts";
import { runHosts, runTargets } from "../run/facts.ts";
import { actionsOf, type HostRunOrder, type HostRuns, hooksOrder } from "../run/host-runs.ts";
import { hostOrders, type OrderedHost } from "../run/orders.ts";
import { mayBegin } from "./early-hosts.ts";
import { leftOutOf } from "./left-out.ts";
import { memberOf, type SessionStatus, type SessionView } from "./view.ts";

function hasOpenActions({ actions }: Pick<HostRunSpec, "actions">): boolean {
  return (actions ?? []).some((action) => action !== "InitializeBackendRepository");
}

/** More are not named: what upstream made of further ones stays. */
const MAX_UNTAGGED_HOSTS = 10_000;
const MAX_UNTAGGED_PATHS = 1_000;

/** Hosts and paths whose snapshots without tags are the invoker's too: upstream made them. */
function retentionOrder(view: SessionView, status: SessionStatus): Pick<HostRunSpec, "retention"> {
  const hosts = runTargets(status).flatMap(runHosts);
  const members = view.invoker?.view.members ?? [];
  const paths = [
    ...members.flatMap(({ target }) => target.paths ?? []),
    ...hosts.flatMap(({ snapshots }) => (snapshots ?? []).map(({ path }) => path ?? "")),
  ].filter((path) => path !== "");
  const policy = view.invoker?.view.retentionPolicy;
  return {
    retention: {
      // Prune is the Repository's own work; agents of older versions would do it here.
      ...(policy !== undefined && { policy: { ...policy, prune: false } }),
      hosts: [...new Set(hosts.flatMap(({ hostname }) => (hostname ? [hostname] : [])))].slice(0, MAX_UNTAGGED_HOSTS),
      paths: normalPaths(paths).slice(0, MAX_UNTAGGED_PATHS),
      incomplete: incompleteSessions(view, status),
    },
  };
}

/** No more sessions of one invoker are kept. */
const MAX_INCOMPLETE = 10_000;

/** Sessions of the invoker whose points no restore takes: they must push none out that one would take. */
function incompleteSessions({ object, siblings }: SessionView, status: SessionStatus): readonly string[] {
  const { namespace, name } = object.metadata;
  const own = isSessionSaved(status) ? [] : [name];
  const others = siblings.filter(({ isPart }) => isPart === true).map((session) => session.name);
  return [...own, ...others].map((session) => `${namespace}/${session}`).slice(0, MAX_INCOMPLETE);
}

function backupOrder(
  view: SessionView,
  status: SessionStatus,
  target: TargetEntry,
  podUid: string,
): Pick<HostRunSpec, "backup" | "hooks" | "disableCaching" | "graceSeconds"> {
  const member = memberOf(view, target);
  const { invoker, object } = view;
  if (invoker === undefined || member === undefined) return {};
  const { kind, namespace, name } = invoker.view;
  const { metadata, spec } = object;
  const time = spec.dueTime ?? metadata.creationTimestamp;
  const { paths, exclude, args } = member.target;
  const pod = view.pods.get(podUid);
  const { namedPorts = [], graceSeconds } = pod ?? {};
  const leftOut = pod === undefined ? [] : leftOutOf(paths ?? [], pod);
  return {
    backup: {
      invoker: { kind, namespace, name },
      ...(view.clusterId !== undefined && { cluster: view.clusterId }),
      ...(target.totalHosts !== undefined && { hosts: target.totalHosts, members: runTargets(status).length }),
      ...(time !== undefined && { time }),
      ...(paths !== undefined && { paths: normalPaths(paths) }),
      ...(exclude !== undefined && { exclude }),
      ...(args !== undefined && { args }),
      ...(leftOut.length > 0 && { leftOut }),
    },
    ...hooksOrder(
      jobHandler(member, member.hooks?.preBackup),
      jobHandler(member, member.hooks?.postBackup),
      namedPorts,
    ),
    ...(graceSeconds !== undefined && { graceSeconds }),
    ...(member.spec.tempDir?.disableCaching === true && { disableCaching: true }),
  };
}

/** What is ordered of a host besides what every run orders. */
function partOf(view: SessionView, status: SessionStatus, { target, host, key, present }: OrderedHost) {
  const actions = actionsOf(host, present);
  const isTurn = isOpenHost(host) && mayBegin(view, status, target, host);
  if (present === undefined && !isTurn && !hasOpenActions(actions)) return undefined;
  const { retryLeft } = view.object.spec;
  const isRetained = (actions.actions ?? []).includes("ApplyRetentionPolicy");
  return {
    work: isTurn ? "Backup" : "Maintain",
    ...(retryLeft !== undefined && { retryLeft }),
    ...backupOrder(view, status, target, key.podUid),
    ...actions,
    // Settled with the action: what it is about must not change under it.
    ...(isRetained && (present?.spec.retention ? { retention: present.spec.retention } : retentionOrder(view, status))),
  } as const;
}

/**
 * One order for each entry whose pod has its turn, or has work on the repository.
 *
 * @param status as it was decided and written
 * @param known host runs of the session
 */
export function sessionOrders(view: SessionView, status: SessionStatus, known: HostRuns): readonly HostRunOrder[] {
  return hostOrders(view, status, known, (at) => partOf(view, status, at));
}

/**
 * Hosts that need not wait until the session's first host has found the repository: the session before this one found it. Where it is gone
 * since then, they wait after all. Pure.
 */
import { canonicalJson } from "../../shared/hash.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { hasCondition, isConditionFalse, isConditionTrue } from "../../shared/status/conditions.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { isOver } from "../run/completion.ts";
import type { HostEntry, TargetEntry } from "../run/entries.ts";
import { runTargets, withEachHost } from "../run/facts.ts";
import { repositoryOrder } from "../run/host-runs.ts";
import type { Row, Step } from "./step.ts";
import { memberOf, type SessionStatus, type SessionView } from "./view.ts";

/** Whether the invoker's newest session that looked for this very repository, with this very backend, found it. */
function isKnown({ repository, siblings }: SessionView): boolean {
  const [newest] = siblings.filter(({ looked }) => looked !== undefined).sort((a, b) => b.createdAtMs - a.createdAtMs);
  if (repository === undefined || newest?.looked === undefined) return false;
  const { isThere, repository: found } = newest.looked;
  return isThere && found === canonicalJson(repositoryOrder(repository).repository);
}

function isFirstTurn({ attempt = 1 }: HostEntry): boolean {
  return attempt === 1;
}

function looksItself({ actions = [] }: HostEntry): boolean {
  return actions.includes("InitializeBackendRepository");
}

/** Its hooks would run twice, where it began too early. */
function isHooked(view: SessionView, target: TargetEntry): boolean {
  const { preBackup, postBackup } = memberOf(view, target)?.hooks ?? {};
  return preBackup !== undefined || postBackup !== undefined;
}

/** The first host makes sure that the repository exists; all others have their turn after that, where it is not known. */
export function mayBegin(view: SessionView, status: SessionStatus, target: TargetEntry, host: HostEntry): boolean {
  const type = ConditionType.BackendRepositoryInitialized;
  if (looksItself(host) || isConditionTrue(status.conditions, type)) return true;
  if (hasCondition(status.conditions, type) || !isFirstTurn(host) || isHooked(view, target)) return false;
  return isKnown(view);
}

function isTooEarly(host: HostEntry): boolean {
  return host.phase === "Failed" && host.reason === "REPOSITORY_NOT_FOUND" && isFirstTurn(host) && !looksItself(host);
}

/** What the pod told of the turn goes: the host has another one. */
function waitingAgain({ hostname, actions }: HostEntry, now: Date): HostEntry {
  return {
    ...(hostname !== undefined && { hostname }),
    ...(actions !== undefined && { actions }),
    phase: "Pending",
    attempt: 1,
    assignedAt: formatTime(now),
  };
}

/** A host that began at once, and found no repository: it has its turn again when the first one has made it. */
export const beganTooEarly: Row = {
  name: "began before the repository was there",
  next(view, status, now): Step | undefined {
    const isRefused = isConditionFalse(status.conditions, ConditionType.BackendRepositoryInitialized);
    if (isRefused || !isKnown(view)) return undefined;
    const stored = runTargets(view.status);
    const next = withEachHost(status, ({ host, target, targetIndex }) => {
      const isClosed = isOver(stored[targetIndex] ?? target) || isHooked(view, target);
      return isTooEarly(host) && !isClosed ? waitingAgain(host, now) : host;
    });
    return next === status ? undefined : { status: next };
  },
};

/**
 * Which session opens a Repository that nobody has saved into yet. Two restics that make a repository at once write two keys and two
 * configurations, of which one remains: nothing can open it any more. So one session looks for it and makes it, and the others wait until
 * that has ended, also those of another Repository in the same folder of the same store.
 *
 * | # | Repository and its sessions | answer for this one |
 * |---|---|---|
 * | 1 | something was saved in it | goes |
 * | 2 | this session has found it, or one of its hosts is at it | goes |
 * | 3 | a pod has the order to open it for another one, or that one was let go a moment ago | waits |
 * | 4 | no host of it waits for its turn | waits: it is asked again when one does |
 * | 5 | otherwise | goes, and the others wait |
 */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { HostRun } from "../../shared/api/host-run.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { placeOf } from "../../shared/backends.ts";
import { objectKey } from "../../shared/kube/object-meta.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { hasCondition } from "../../shared/status/conditions.ts";
import { ordersOn } from "../maintenance/users.ts";
import { isStarted } from "../run/completion.ts";
import { isAssigned, isOpenHost } from "../run/entries.ts";
import { runHosts, runTargets } from "../run/facts.ts";
import type { World } from "../world/informers.ts";
import { isInitCarried } from "./repository-actions.ts";
import type { Opening, SessionStatus } from "./view.ts";

export type OpeningWorld = Pick<World, "sessions" | "repositories" | "hostRuns">;

interface Claim {
  readonly uid: string;
  readonly atMs: number;
}

/** Longer than the writes take, with all their repetitions, after which the order stands. */
const CLAIM_MS = 300_000;

/** Of the leader, which alone decides: the order of a session that it has just let go is in no informer yet. By place of the Repository. */
const claimsOfWorld = new WeakMap<object, Map<string, Claim>>();

function claimsOf(world: OpeningWorld): Map<string, Claim> {
  const claims = claimsOfWorld.get(world.sessions) ?? new Map<string, Claim>();
  claimsOfWorld.set(world.sessions, claims);
  return claims;
}

/** @param status of the session, with what its pods told */
export function openingOf(
  { world, monotonicMs }: { readonly world: OpeningWorld; readonly monotonicMs: number },
  session: BackupSession,
  status: SessionStatus,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Opening {
  const { uid = "" } = session.metadata;
  const repository = world.repositories.get(namespace, name);
  if (repository === undefined || repository.status?.firstBackupTime !== undefined) return "free";
  if (isOpened(status) || isInitCarried(status)) return "free";
  const place = placeOf(repository.spec.backend) ?? objectKey(namespace, name);
  const others = sharersOf(world, repository, place).flatMap((sharer) =>
    world.sessions
      .byIndex("repository", objectKey(sharer.metadata.namespace, sharer.metadata.name))
      .filter((other) => other.metadata.uid !== uid)
      .map((other) => ({ sharer, other })),
  );
  // That a status names the Repository is not enough: it may be written by others.
  if (others.some(({ sharer, other }) => ordersOn(world, sharer, other).some(isOpening))) return "waits";
  const claims = claimsOf(world);
  const claim = claims.get(place);
  const isFresh = claim !== undefined && monotonicMs - claim.atMs < CLAIM_MS;
  if (isFresh && others.some(({ other }) => other.metadata.uid === claim.uid && isAtWork(other))) return "waits";
  if (!hasWaitingHost(status)) return "waits";
  claims.set(place, { uid, atMs: monotonicMs });
  return "free";
}

/** All Repositories that may lie where this one does. */
function sharersOf(world: OpeningWorld, repository: Repository, place: string): readonly Repository[] {
  const sharers = world.repositories.byIndex("place", place);
  return sharers.length > 0 ? sharers : [repository];
}

function isOpened({ conditions }: SessionStatus): boolean {
  return hasCondition(conditions, ConditionType.BackendRepositoryInitialized);
}

function isAtWork({ status }: BackupSession): boolean {
  return !isFinalSessionPhase(status?.phase) && !isOpened(status ?? {});
}

/** A pod is to look for the repository, and has not told what came of it. */
function isOpening({ spec, status }: HostRun): boolean {
  if (spec.cancel !== undefined || spec.isOver === true) return false;
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return false;
  const isTold = (status?.results ?? []).some(
    ({ action, phase }) => action === "InitializeBackendRepository" && phase !== "Running",
  );
  return (spec.actions ?? []).includes("InitializeBackendRepository") && !isTold;
}

function hasWaitingHost(status: SessionStatus): boolean {
  return runTargets(status).some(
    (target) => isStarted(target) && runHosts(target).some((host) => isOpenHost(host) && !isAssigned(host)),
  );
}

/**
 * Whether the repository is still the one that holds what the status tells. restic gives each repository an id of its own: an emptied
 * bucket, a folder of another node or a volume that is not mounted has none, and is made anew by the next backup. Pure.
 *
 * | # | seen | answer |
 * |---|---|---|
 * | 1 | before the last that is known, or nothing to tell it by | nothing |
 * | 2 | the id that is known | it is the one; where another was seen meanwhile, that one's history is forgotten |
 * | 3 | none is known, and it was not made over one that had backups | this is the one |
 * | 4 | the backend of the Repository was changed since | this is the one, and the other's history is forgotten |
 * | 5 | the very one that is known to have taken the place | nothing new |
 * | 6 | otherwise | it was replaced: the history is forgotten, and somebody has to say that it is meant so |
 *
 * That holds for what pods of the Repository's own namespace saw. Those of others speak for their own namespace, and what they say takes nothing
 * away here: where it would, the Repository's own check looks soon.
 */
import type { Backend } from "../../shared/api/backend.ts";
import type { Repository, RepositoryStatus } from "../../shared/api/repository.ts";
import { Annotation } from "../../shared/contract.ts";
import { canonicalJson, shortHash } from "../../shared/hash.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { type ConditionFact, hasCondition, withCondition } from "../../shared/status/conditions.ts";
import { formatTime, pastMs, timeMs } from "../../shared/timestamps.ts";

/** What a pod found where the Repository says that the repository is. */
export interface Sighting {
  /** restic's id of the repository; undefined where the pod could not tell. */
  readonly id: string | undefined;
  /** Whether there was none, and it was made. */
  readonly isMade: boolean;
  /** Begin of the work that found it. */
  readonly atMs: number;
  /** That work, for people. */
  readonly by: string;
  /** Undefined where it is not known any more. */
  readonly backend: Backend | undefined;
}

const ID = /^[0-9a-f]{64}$/;
/** As restic shows ids. */
const SHORT = 8;

/** Changes when the Repository is led elsewhere, not with its Secret or the number of connections. */
export function placeKey(backend: Backend): string {
  const { storageSecretName: _, ...stores } = backend;
  const places = Object.entries(stores).map(([kind, store]) => {
    const { maxConnections: _connections, ...place }: Readonly<Record<string, unknown>> = isJsonObject(store)
      ? store
      : {};
    return [kind, place];
  });
  return shortHash(canonicalJson(Object.fromEntries(places)));
}

/** What is told of another repository is not told of this one. Lists are emptied: they may be there though nobody has read them. */
function withoutHistory(status: RepositoryStatus, at: string): RepositoryStatus {
  const {
    firstBackupTime: _firstBackup,
    lastBackupTime: _lastBackup,
    integrity: _integrity,
    structureIntegrity: _structure,
    dataFaults: _faults,
    totalSize: _size,
    snapshotCount: _count,
    snapshotsRemovedOnLastCleanup: _removed,
    pointsListedAt: _points,
    snapshotsListedAt: _snapshots,
    lastRecoveryPoint: _point,
    lastCheckTime: _check,
    lastReadDataCheckTime: _read,
    readDataSubset: _part,
    lastRemoval: _removal,
    lastPruneTime: _prune,
    prunedRemoval: _covered,
    locks: _locks,
    locksSeenAt: _locksSeen,
    ...rest
  } = status;
  return { ...rest, points: [], snapshots: [], recoveryPoints: 0, replacedAt: at };
}

function hasHistory({ firstBackupTime, recoveryPoints = 0, repositoryID }: RepositoryStatus, atMs: number): boolean {
  // The session that made it is the first that saved there.
  const isEarlier = firstBackupTime !== undefined && timeMs(firstBackupTime) < atMs;
  return repositoryID !== undefined || isEarlier || (firstBackupTime === undefined && recoveryPoints > 0);
}

function withoutReplacement({ replacement: _, ...status }: RepositoryStatus): RepositoryStatus {
  return status;
}

/** The status after a pod has seen the repository. */
export function withSighting(status: RepositoryStatus, sighting: Sighting, now: Date): RepositoryStatus {
  const { isMade, by, backend } = sighting;
  const id = ID.test(sighting.id ?? "") ? sighting.id : undefined;
  const atMs = Math.min(sighting.atMs, now.getTime());
  if (atMs <= pastMs(status.repositorySeenAt, now) || (id === undefined && !isMade)) return status;
  const seenAt = formatTime(new Date(atMs));
  const { repositoryID: known, repositoryPlace, replacement } = status;
  const place = backend === undefined ? repositoryPlace : placeKey(backend);
  const isMoved = repositoryPlace !== undefined && place !== repositoryPlace;
  const seen = { ...status, repositorySeenAt: seenAt, ...(place !== undefined && { repositoryPlace: place }) };
  const named = id === undefined ? {} : { repositoryID: id };
  if (id !== undefined && id === known)
    return replacement === undefined ? seen : withoutHistory(withoutReplacement(seen), seenAt);
  if (isMoved) {
    const { repositoryID: _, ...rest } = withoutReplacement(seen);
    return { ...withoutHistory(rest, seenAt), ...named };
  }
  if (replacement === undefined && known === undefined && !(isMade && hasHistory(status, atMs)))
    return { ...seen, ...named };
  if (replacement !== undefined && !isMade && (replacement.id === undefined || replacement.id === id))
    return { ...seen, replacement: { ...replacement, ...(id !== undefined && { id }) } };
  const lostPoints = status.recoveryPoints ?? 0;
  const told = { ...(id !== undefined && { id }), seenAt, by, lostPoints: replacement?.lostPoints ?? lostPoints };
  return { ...withoutHistory(seen, seenAt), replacement: told };
}

/** The status after a pod of another namespace has seen the repository, or says so. */
export function withForeignSighting(status: RepositoryStatus, sighting: Sighting, now: Date): RepositoryStatus {
  const { replacedAt, replacement } = withSighting(status, sighting, now);
  if (replacedAt === status.replacedAt && replacement?.id === status.replacement?.id) return status;
  const atMs = Math.min(sighting.atMs, now.getTime());
  return atMs <= pastMs(status.doubtedAt, now) ? status : { ...status, doubtedAt: formatTime(new Date(atMs)) };
}

/** Whether somebody elsewhere found another repository than is known, and nobody has looked since. */
export function isDoubted({ doubtedAt, repositorySeenAt }: RepositoryStatus): boolean {
  return doubtedAt !== undefined && timeMs(doubtedAt) > timeMs(repositorySeenAt);
}

/** Whether somebody said of this very repository that it is the right one. */
function isAccepted(word: string | undefined, { id, seenAt }: NonNullable<RepositoryStatus["replacement"]>): boolean {
  if (word === undefined) return false;
  return id === undefined ? word === seenAt : word.length >= SHORT && id.startsWith(word);
}

/** The status where somebody has said, by the annotation of the Repository, that it is meant so. */
export function withAcceptance(
  status: RepositoryStatus,
  annotations: Repository["metadata"]["annotations"] | undefined,
): RepositoryStatus {
  const { replacement } = status;
  if (replacement === undefined || !isAccepted(annotations?.[Annotation.AcceptRepository], replacement)) return status;
  const { repositoryID: _, ...rest } = withoutReplacement(status);
  return { ...rest, ...(replacement.id !== undefined && { repositoryID: replacement.id }) };
}

/** What happened to the repository, and what to do, for people; undefined where nothing did. */
export function formatReplacement({ replacement, repositoryID }: RepositoryStatus): string | undefined {
  if (replacement === undefined) return undefined;
  const { id, seenAt, by, lostPoints = 0 } = replacement;
  const was = repositoryID === undefined ? "" : ` instead of ${repositoryID.slice(0, SHORT)}`;
  const is = id === undefined ? "it was made anew" : `restic's id is ${id.slice(0, SHORT)}${was}`;
  const lost = lostPoints > 0 ? `${lostPoints} recovery points are` : "what was saved before is";
  const word = id?.slice(0, SHORT) ?? seenAt;
  return (
    `another repository is where this one was: ${is}, seen at ${seenAt} by ${by}; ${lost} not in it. Backups go on into it. ` +
    `Bring the former store back, or say that it is meant so: annotation ${Annotation.AcceptRepository}: "${word}"`
  );
}

/** True while another repository is in the place; False once that is over; absent where it never was so. */
export function withReplacedCondition(
  conditions: readonly ConditionFact[] | undefined,
  status: RepositoryStatus,
  now: Date,
): readonly ConditionFact[] {
  const type = ConditionType.RepositoryReplaced;
  const message = formatReplacement(status);
  if (message !== undefined)
    return withCondition(conditions ?? [], { type, status: "True", reason: "RepositoryReplaced", message }, now);
  if (!hasCondition(conditions, type)) return conditions ?? [];
  const words = "the repository is the one that is known";
  return withCondition(conditions ?? [], { type, status: "False", reason: "RepositoryKnown", message: words }, now);
}

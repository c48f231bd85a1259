/**
 * Who holds a Repository: locks that its maintenance saw, and those that runs meet at this moment. Pure. A lock names the host of its
 * owner; where that is a pod of a run that is kept, the run is told.
 */
import type { RepositoryLock } from "../../../shared/api/host-stats.ts";
import type { Repository } from "../../../shared/api/repository.ts";
import { groupBy } from "../../../shared/group-by.ts";
import type { LockRow } from "../../../web/wire/lists.ts";
import { hasEnded, type RunObject } from "../../objects/read-run.ts";
import { memberName } from "../../objects/session-facts.ts";
import type { WorldView } from "../world.ts";

interface RunHost {
  readonly pod?: string | undefined;
  readonly locks?: readonly RepositoryLock[] | undefined;
}

interface RunMember {
  readonly run: string;
  readonly name: string;
  readonly isOver: boolean;
  readonly hosts: readonly RunHost[];
}

/** @returns what tells the locks of a Repository, the longest held first */
export function createLocks(world: WorldView): (repository: Repository) => readonly LockRow[] {
  const byRepository = groupBy([...world.sessions(), ...world.restores()], repositoryOf);
  return (repository) => {
    const runs = byRepository.get(`${repository.metadata.namespace}/${repository.metadata.name}`) ?? [];
    return locksOf(repository, runs);
  };
}

function repositoryOf({ metadata, status }: RunObject): string {
  return `${status?.repository?.namespace ?? metadata.namespace}/${status?.repository?.name ?? ""}`;
}

function locksOf({ status }: Repository, runs: readonly RunObject[]): readonly LockRow[] {
  const members = runs.flatMap(membersOf);
  const rows = new Map<string, LockRow>();
  const add = (lock: RepositoryLock, inTheWayOf: string | undefined) =>
    rows.set(lock.id, {
      id: lock.id,
      host: lock.host,
      user: lock.user,
      pid: lock.pid,
      since: lock.createdAt,
      isExclusive: lock.exclusive === true,
      owner: ownerOf(lock, members, status?.maintenanceRuns?.[0]?.pod),
      inTheWayOf,
    });
  for (const lock of status?.locks ?? []) add(lock, undefined);
  for (const { run, name, isOver, hosts } of members) {
    // What was in the way of a run that has ended may be long gone.
    if (isOver) continue;
    for (const lock of hosts.flatMap(({ locks = [] }) => locks)) add(lock, `${run}, member ${name}`);
  }
  return [...rows.values()].sort((a, b) => heldSince(a) - heldSince(b));
}

const heldSince = ({ since }: LockRow) => Date.parse(since ?? "") || Number.POSITIVE_INFINITY;

function membersOf(run: RunObject): readonly RunMember[] {
  const facts = { run: `${run.kind} ${run.metadata.namespace}/${run.metadata.name}`, isOver: hasEnded(run) };
  if (run.kind === "RestoreSession") {
    return [{ ...facts, name: memberName(run.spec.target ?? {}), hosts: run.status?.stats ?? [] }];
  }
  const members = run.kind === "BackupSession" ? (run.status?.targets ?? []) : (run.status?.members ?? []);
  return members.map((member) => ({ ...facts, name: memberName(member), hosts: member.stats ?? [] }));
}

function ownerOf({ host }: RepositoryLock, members: readonly RunMember[], maintainer: string | undefined) {
  if (host === undefined) return undefined;
  if (host === maintainer) return "the maintenance of this Repository";
  const own = members.find(({ hosts }) => hosts.some(({ pod }) => pod === host));
  return own && `${own.run}, member ${own.name}`;
}

/** Which changes in the cluster make a Repository's maintenance worth a look. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { objectKey } from "../../shared/kube/object-meta.ts";
import { onAny } from "../world/on-any.ts";
import type { MaintenanceWorld } from "./gather.ts";

interface Named {
  readonly metadata: { readonly namespace: string; readonly name: string };
}

interface User extends Named {
  readonly status?: { readonly phase?: string };
  readonly spec: { readonly repository?: { readonly name: string; readonly namespace?: string } };
}

/** @param wake is told `namespace/name` of a Repository */
export function wakeMaintenance(world: MaintenanceWorld, wake: (key: string) => void): readonly (() => void)[] {
  const ofRepository = ({ metadata }: Named): void => wake(objectKey(metadata.namespace, metadata.name));
  const ofUid = (uid: string): void => world.repositories.byIndex("uid", uid).forEach(ofRepository);
  const ofSession = ({ metadata, status }: BackupSession): void => {
    const { name, namespace } = status?.repository ?? {};
    if (name) wake(objectKey(namespace || metadata.namespace, name));
  };
  const ofUser = ({ metadata, spec }: User): void => {
    if (spec.repository?.name) wake(objectKey(spec.repository.namespace || metadata.namespace, spec.repository.name));
  };
  const users = {
    add: ofUser,
    // What is done within a restore is none of this.
    update: (before: User, after: User) => {
      if (before.status?.phase !== after.status?.phase || before.spec !== after.spec) ofUser(after);
    },
    delete: ofUser,
  };
  return [
    world.repositories.subscribe(onAny(ofRepository)),
    world.sessions.subscribe({
      add: ofSession,
      update: (before, after) => {
        const isSame = before.status?.phase === after.status?.phase && before.status?.repository?.name !== undefined;
        if (!isSame) ofSession(after);
      },
      delete: ofSession,
    }),
    world.configurations.subscribe(users),
    world.batches.subscribe(users),
    world.restoreSessions.subscribe(users),
    world.restoreBatches.subscribe(users),
    world.hostRuns.subscribe(
      onAny(({ spec: { run } }) => {
        if (run.kind === KINDS.Repository.kind && run.uid !== undefined) ofUid(run.uid);
      }),
    ),
    world.jobs.subscribe(onAny(({ ownerUid }) => ofUid(ownerUid))),
    world.jobPods.subscribe(
      onAny(({ namespace, jobUid }) => {
        const job = world.jobs.list(namespace).find(({ uid }) => uid === jobUid);
        if (job !== undefined) ofUid(job.ownerUid);
      }),
    ),
  ];
}

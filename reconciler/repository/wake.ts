/** Which changes in the cluster make a Repository worth a look. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { ChangeHandler } from "../../shared/kube/cache/store.ts";
import { objectKey } from "../../shared/kube/object-meta.ts";
import type { World } from "../world/informers.ts";
import type { SeenHostRun } from "../world/without-points.ts";

interface User {
  readonly metadata: { readonly namespace: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly repository?: { readonly name: string; readonly namespace?: string } };
}

/** @param wake is told `namespace/name` of a Repository */
export function wakeRepositories(world: World, wake: (key: string) => void): readonly (() => void)[] {
  const ofUser = ({ metadata, spec }: User): void => {
    if (spec.repository?.name) wake(objectKey(spec.repository.namespace || metadata.namespace, spec.repository.name));
  };
  const users: ChangeHandler<User> = {
    add: ofUser,
    update: (before, after) => {
      const isSame =
        before.spec.repository?.name === after.spec.repository?.name &&
        before.spec.repository?.namespace === after.spec.repository?.namespace &&
        before.metadata.deletionTimestamp === after.metadata.deletionTimestamp;
      if (isSame) return;
      ofUser(before);
      ofUser(after);
    },
    delete: ofUser,
  };
  const ofSession = ({ metadata, status }: BackupSession): void => {
    const { name, namespace } = status?.repository ?? {};
    if (name) wake(objectKey(namespace || metadata.namespace, name));
  };
  const ofReport = (run: SeenHostRun): void => {
    const { name, namespace = run.metadata.namespace } = run.spec.repository ?? {};
    if (name && run.toldPoints !== undefined) wake(objectKey(namespace, name));
  };
  const ofRepository = ({ metadata }: Repository): void => wake(objectKey(metadata.namespace, metadata.name));
  return [
    world.repositories.subscribe({ add: ofRepository, update: (_before, after) => ofRepository(after) }),
    world.configurations.subscribe(users),
    world.batches.subscribe(users),
    world.restoreSessions.subscribe(users),
    world.restoreBatches.subscribe(users),
    world.hostRuns.subscribe({
      add: ofReport,
      update: (before, after) => {
        if (before.toldPoints !== after.toldPoints) ofReport(after);
      },
    }),
    world.sessions.subscribe({
      add: ofSession,
      // Heartbeats come every few seconds; what counts here is what agents ended.
      update: (before, after) => {
        if (newsOf(before) !== newsOf(after)) ofSession(after);
      },
    }),
  ];
}

function newsOf({ status }: BackupSession): string {
  const hosts = (status?.targets ?? []).flatMap((target) => target.stats ?? []);
  return JSON.stringify([status?.phase, status?.repository, hosts.map(({ phase, results }) => [phase, results])]);
}

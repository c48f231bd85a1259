/** Which changes in the cluster make a drill worth a look. */
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { objectKey } from "../../shared/kube/object-meta.ts";
import type { World } from "../world/informers.ts";
import { onAny } from "../world/on-any.ts";
import { isFinalDrill } from "./status.ts";

/** @param wake is told `namespace/name` of a drill */
export function wakeDrills(world: World, wake: (key: string) => void): readonly (() => void)[] {
  const ofDrill = ({ metadata }: Pick<BackupVerificationSession, "metadata">): void =>
    wake(objectKey(metadata.namespace, metadata.name));
  const ofUid = (uid: string | undefined): void => {
    if (uid !== undefined) world.drills.byIndex("uid", uid).forEach(ofDrill);
  };
  const openIn = (namespace: string): void => {
    for (const drill of world.drills.list(namespace)) if (!isFinalDrill(drill)) ofDrill(drill);
  };
  const ofRestore = (restore: { readonly metadata: BackupVerificationSession["metadata"] }): void => {
    for (const { uid } of restore.metadata.ownerReferences ?? []) ofUid(uid);
    // One of the application's has every drill of its own give way.
    openIn(restore.metadata.namespace);
  };
  return [
    world.drills.subscribe(
      onAny((drill) => {
        ofDrill(drill);
        // The next one's turn may have come.
        if (isFinalDrill(drill)) openIn(drill.metadata.namespace);
      }),
    ),
    world.verifiers.subscribe(onAny(({ metadata }) => openIn(metadata.namespace))),
    world.restoreSessions.subscribe(onAny(ofRestore)),
    world.restoreBatches.subscribe(onAny(ofRestore)),
    world.hostRuns.subscribe(
      onAny(({ spec: { run } }) => {
        if (run.kind === KINDS.BackupVerificationSession.kind) ofUid(run.uid);
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

/** Which sessions to look at again when something else than a session changes. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { targetKey } from "../../shared/target.ts";
import { onAny } from "../world/on-any.ts";
import type { World } from "../world/world.ts";

type Wake = (session: BackupSession) => void;

/**
 * Subscribes to everything besides sessions that decisions about sessions read.
 *
 * @returns functions that end the subscriptions
 */
export function sessionsWokenBy(world: World, wake: Wake): readonly (() => void)[] {
  const wakeOpen = (sessions: readonly BackupSession[]): void => {
    for (const session of sessions) if (!isFinalSessionPhase(session.status?.phase)) wake(session);
  };
  const inNamespace = (namespace: string): void => wakeOpen(world.sessions.list(namespace));
  const onInvoker = ({ kind, metadata }: { kind: string; metadata: { namespace: string; name: string } }): void =>
    wakeOpen(world.sessions.byIndex("invoker", `${kind}/${metadata.namespace}/${metadata.name}`));
  const onPod = ({ namespace }: { readonly namespace: string }): void => inNamespace(namespace);

  return [
    world.configurations.subscribe(onAny(onInvoker)),
    world.batches.subscribe(onAny(onInvoker)),
    world.hostRuns.subscribe(
      onAny(({ metadata, spec }) => {
        const session = spec.run.kind === "BackupSession" && world.sessions.get(metadata.namespace, spec.run.name);
        if (session) wakeOpen([session]);
      }),
    ),
    world.pods.subscribe(onAny(onPod)),
    world.jobs.subscribe(onAny(onPod)),
    world.jobPods.subscribe(onAny(onPod)),
    world.repositories.subscribe(
      onAny(({ metadata }) => wakeOpen(world.sessions.byIndex("repository", `${metadata.namespace}/${metadata.name}`))),
    ),
    ...Object.values(world.workloads).map((informer) =>
      informer.subscribe(onAny(({ facts }) => wakeOpen(world.sessions.byIndex("target", targetKey(facts))))),
    ),
    // The end of one session is what sessions of other invokers on the same target wait for.
    world.sessions.subscribe({
      update: (before, after) => {
        if (JSON.stringify(phasesOf(before)) === JSON.stringify(phasesOf(after))) return;
        inNamespace(after.metadata.namespace);
      },
    }),
  ];
}

function phasesOf({ status }: BackupSession): readonly unknown[] {
  return [status?.phase, ...(status?.targets ?? []).map(({ phase }) => phase)];
}

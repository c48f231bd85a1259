/** Which runs to look at again when something else than the run itself changes. */
import { targetKey } from "../../shared/target/ref.ts";
import type { World } from "../world/informers.ts";
import { onAny } from "../world/on-any.ts";
import { type RunStatus, runTargets } from "./facts.ts";
import type { RunInformer, Wakers } from "./kind.ts";
import type { RunObject } from "./view.ts";

/** The part of a kind of run that says what wakes it. */
export interface WakeRules<Run> {
  informersOf(world: World): readonly RunInformer<Run>[];
  readStatus(run: Run): RunStatus;
  isEnded(run: Run): boolean;
  wokenBy(world: World, wakers: Wakers<Run>): readonly (() => void)[];
}

/**
 * Subscribes to everything that decisions read besides the run itself.
 *
 * @returns functions that end the subscriptions
 */
export function runsWokenBy<Run extends RunObject>(
  kind: WakeRules<Run>,
  world: World,
  wake: (run: Run) => void,
): readonly (() => void)[] {
  const informers = kind.informersOf(world);
  const these = (runs: readonly Run[]): void => {
    for (const run of runs) if (!kind.isEnded(run)) wake(run);
  };
  const all = (read: (informer: RunInformer<Run>) => readonly Run[]): void => these(informers.flatMap(read));
  const wakers: Wakers<Run> = {
    these,
    inNamespace: (namespace) => all((informer) => informer.list(namespace)),
    ofTarget: (key) => all((informer) => informer.byIndex("target", key)),
    ofRepository: (key) => all((informer) => informer.byIndex("repository", key)),
  };
  const onPod = ({ namespace }: { readonly namespace: string }): void => wakers.inNamespace(namespace);

  return [
    world.hostRuns.subscribe(
      onAny(({ metadata, spec: { run } }) =>
        all((informer) => {
          const found = informer.get(metadata.namespace, run.name);
          return found?.kind === run.kind ? [found] : [];
        }),
      ),
    ),
    world.pods.subscribe(onAny(onPod)),
    world.jobs.subscribe(onAny(onPod)),
    world.jobPods.subscribe(onAny(onPod)),
    world.repositories.subscribe(
      onAny(({ metadata }) => wakers.ofRepository(`${metadata.namespace}/${metadata.name}`)),
    ),
    ...Object.values(world.workloads).map((informer) =>
      informer.subscribe(onAny(({ facts }) => wakers.ofTarget(targetKey(facts)))),
    ),
    // The end of one run is what others on the same target wait for.
    ...informers.map((informer) =>
      informer.subscribe({
        update(before, after) {
          const isSame = JSON.stringify(stageOf(kind, before)) === JSON.stringify(stageOf(kind, after));
          if (!isSame) wakers.inNamespace(after.metadata.namespace);
        },
        delete: ({ metadata }) => wakers.inNamespace(metadata.namespace),
      }),
    ),
    ...kind.wokenBy(world, wakers),
  ];
}

/** How far a run is, as far as others mind. */
function stageOf<Run extends RunObject>(kind: WakeRules<Run>, run: Run): readonly unknown[] {
  const status = kind.readStatus(run);
  return [run.metadata.deletionTimestamp, status.phase, ...runTargets(status).map(({ phase }) => phase)];
}

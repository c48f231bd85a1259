/** Which changes in the cluster make a target's auto-backup worth a look. */
import { Annotation } from "../../shared/contract.ts";
import { blueprintNames } from "../../shared/invoker/blueprint.ts";
import type { ChangeHandler } from "../../shared/kube/cache/store.ts";
import { targetKey } from "../../shared/target/ref.ts";
import { onAny } from "../world/on-any.ts";
import type { WorkloadObject } from "../world/workload-object.ts";
import { targetsNaming } from "./gather.ts";
import type { AutoBackupWorld } from "./informers.ts";
import { readNote } from "./note.ts";

type Noted = Parameters<typeof readNote>[0];

/**
 * @param wake is told targetKey() of a target
 * @param onForeign an object that others made is gone: it may have been in the way
 */
export function wakeAutoBackup(
  world: AutoBackupWorld,
  wake: (key: string) => void,
  onForeign: () => void,
): readonly (() => void)[] {
  const ofMade = (object: Noted): void => {
    const note = readNote(object);
    if (note !== undefined) wake(note.target);
  };
  const made: ChangeHandler<Noted> = {
    ...onAny(ofMade),
    delete: (object) => {
      if (readNote(object) === undefined) onForeign();
      else ofMade(object);
    },
  };
  const ofWorkload: ChangeHandler<WorkloadObject> = {
    add: ({ facts }) => {
      if (isAnnotated(facts)) wake(targetKey(facts));
    },
    update: (before, after) => {
      if (isAnnotated(before.facts) || isAnnotated(after.facts)) {
        if (newsOf(before) !== newsOf(after)) wake(targetKey(after.facts));
      }
    },
    delete: ({ facts }) => {
      if (isAnnotated(facts)) wake(targetKey(facts));
    },
  };
  return [
    ...Object.values(world.workloads).map((informer) => informer.subscribe(ofWorkload)),
    ...Object.values(world.annotated).map((informer) => informer.subscribe(onAny((one) => wake(targetKey(one))))),
    world.blueprints.subscribe(
      onAny(({ metadata }) => {
        for (const key of targetsNaming(world, (annotations) => blueprintNames(annotations).includes(metadata.name))) {
          wake(key);
        }
      }),
    ),
    world.configurations.subscribe(made),
    world.repositories.subscribe(made),
    world.namespaces.subscribe({
      update: (_before, { name }) => {
        for (const informer of Object.values(world.workloads)) {
          for (const { facts } of informer.list(name)) if (isAnnotated(facts)) wake(targetKey(facts));
        }
        for (const informer of Object.values(world.annotated))
          for (const one of informer.list(name)) wake(targetKey(one));
      },
    }),
  ];
}

function isAnnotated({ annotations }: WorkloadObject["facts"]): boolean {
  return annotations[Annotation.BackupBlueprint] !== undefined;
}

/** Their status changes with every pod, and concerns nobody here. */
function newsOf({ facts, uid }: WorkloadObject): string {
  return JSON.stringify([uid, facts.annotations, facts.labels, facts.isBeingDeleted]);
}

/**
 * Which Repositories and BackupConfigurations a target's blueprints need, and what is still to do for it. Pure.
 *
 * | what is there under the name | what is done |
 * |---|---|
 * | nothing | it is made |
 * | ours for this target, as wanted | nothing |
 * | ours for this target, otherwise | it is brought to what the blueprint says; `paused` stays as somebody set it |
 * | ours, on its way out | nothing yet: it is made anew when it is gone |
 * | of somebody else, as wanted | nothing: it is used as it is, and stays when the annotation goes |
 * | of somebody else, otherwise | nothing, and the target is told |
 *
 * Without annotation our BackupConfigurations go. Repositories stay, with their data.
 */
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import type { OwnerReference } from "../../shared/api/object-meta.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { Annotation, Label, LabelValue } from "../../shared/contract.ts";
import { isAsWanted } from "../write/as-wanted.ts";
import { type AutoBackupNote, buildNote, formatNote, readNote } from "./note.ts";
import type { AutoBackupTarget, AutoBackupView, BlueprintOutcome } from "./view.ts";

type Made = Repository | BackupConfiguration;

export type AutoBackupStep =
  | { readonly kind: "Create"; readonly object: Made; readonly blueprint: string }
  /** Replaces the version of the object that was read. */
  | { readonly kind: "Update"; readonly object: Made; readonly blueprint: string }
  | { readonly kind: "Delete"; readonly configuration: BackupConfiguration }
  /** Something of that name is on its way out. */
  | { readonly kind: "Await"; readonly name: string }
  | { readonly kind: "Refuse"; readonly problem: string };

/** Steps in the order in which they are to be done; none when all is as it should be. */
export function decideAutoBackup(view: AutoBackupView): readonly AutoBackupStep[] {
  const { target } = view;
  const isWanted = target !== undefined && !target.isBeingDeleted && !target.isOptedOut;
  const outcomes = isWanted ? view.outcomes : [];
  // What a blueprint makes that can't be read now stays as it is: nobody said that the backup is to end.
  const names = new Set(outcomes.map(({ name }) => name));
  const obsolete = view.configurations.filter((configuration) => {
    const { name, namespace, deletionTimestamp } = configuration.metadata;
    if (names.has(name) || deletionTimestamp !== undefined) return false;
    return readNote(configuration)?.target === view.key && namespace === namespaceOf(view.key);
  });
  return [
    ...obsolete.map((configuration): AutoBackupStep => ({ kind: "Delete", configuration })),
    ...(isWanted ? outcomes.flatMap((outcome) => stepsFor(view, target, outcome)) : []),
  ];
}

function stepsFor(
  view: AutoBackupView,
  target: AutoBackupTarget,
  { blueprint, made }: BlueprintOutcome,
): readonly AutoBackupStep[] {
  if ("problem" in made) return [{ kind: "Refuse", problem: made.problem }];
  const about = { target: view.key, blueprint };
  const repository = withNote(made.repository, about);
  const configuration = withOwner(withNote(made.configuration, about), target);
  const first = stepFor(about, repository, findSame(view.repositories, repository), withSpec);
  // Without its Repository a BackupConfiguration would write elsewhere than the blueprint says.
  if (first?.kind === "Refuse" || first?.kind === "Await") return [first];
  const second = stepFor(about, configuration, findSame(view.configurations, configuration), withSpecAndOwner);
  return [first, second].filter((step) => step !== undefined);
}

function stepFor<T extends Made>(
  { target, blueprint }: Omit<AutoBackupNote, "name" | "spec">,
  wanted: T,
  present: T | undefined,
  update: (present: T, wanted: T) => T,
): AutoBackupStep | undefined {
  if (present === undefined) return { kind: "Create", object: wanted, blueprint };
  const { name, namespace, deletionTimestamp } = present.metadata;
  const what = `${present.kind} ${namespace}/${name}`;
  if (deletionTimestamp !== undefined) return { kind: "Await", name: what };
  if (readNote(present)?.target === target) {
    return isCurrent(present, wanted) ? undefined : { kind: "Update", object: update(present, wanted), blueprint };
  }
  if (isAsWanted(present.spec, wanted.spec)) return undefined;
  const why = `${what} was made by others and is not what BackupBlueprint ${blueprint} says`;
  return { kind: "Refuse", problem: `${why}; it was left as it is: rename or delete it, or use another blueprint` };
}

function isCurrent(present: Made, wanted: Made): boolean {
  const { labels, annotations, ownerReferences = [] } = wanted.metadata;
  return (
    isAsWanted(present.metadata.annotations, annotations) &&
    isAsWanted(present.metadata.labels, labels) &&
    ownerReferences.every((owner) => (present.metadata.ownerReferences ?? []).some((one) => isAsWanted(one, owner))) &&
    isAsWanted(present.spec, wanted.spec)
  );
}

function withSpec<T extends Made>(present: T, wanted: T): T {
  const labels = { ...present.metadata.labels, ...wanted.metadata.labels };
  const annotations = { ...present.metadata.annotations, ...wanted.metadata.annotations };
  return { ...present, metadata: { ...present.metadata, labels, annotations }, spec: wanted.spec };
}

function withSpecAndOwner(present: BackupConfiguration, wanted: BackupConfiguration): BackupConfiguration {
  const { metadata, spec } = withSpec(present, wanted);
  const { paused } = present.spec;
  // A target of that name that came anew has another uid.
  const others = (present.metadata.ownerReferences ?? []).filter(({ controller }) => controller !== true);
  return {
    ...present,
    metadata: { ...metadata, ownerReferences: [...others, ...(wanted.metadata.ownerReferences ?? [])] },
    spec: { ...spec, ...(paused !== undefined && { paused }) },
  };
}

function withNote<T extends Made>(object: T, about: Omit<AutoBackupNote, "name" | "spec">): T {
  const { name } = object.metadata;
  const note = formatNote(buildNote({ name, ...about }, object.spec));
  const labels = { [Label.ManagedBy]: LabelValue.ManagedBy };
  return { ...object, metadata: { ...object.metadata, labels, annotations: { [Annotation.AutoBackup]: note } } };
}

/** The API server removes what belongs to a target that is gone, also while nobody leads here. */
function withOwner(configuration: BackupConfiguration, target: AutoBackupTarget): BackupConfiguration {
  const { apiVersion, kind, name, uid } = target;
  const owner: OwnerReference = { apiVersion, kind, name, uid, controller: true };
  return { ...configuration, metadata: { ...configuration.metadata, ownerReferences: [owner] } };
}

function findSame<T extends Made>(present: readonly T[], { metadata }: T): T | undefined {
  return present.find((one) => one.metadata.name === metadata.name && one.metadata.namespace === metadata.namespace);
}

function namespaceOf(key: string): string | undefined {
  return key.split("/")[1];
}

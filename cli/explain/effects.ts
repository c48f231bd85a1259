/** What `explain` tells of an object of ours: what it makes us do, and so what its author must be allowed to do. */
import { type AppBinding, parseAppBinding } from "../../shared/api/app-binding.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Label } from "../../shared/contract.ts";
import { appBindingsOf, type EffectSource, type EffectView, effectsOf } from "../../shared/effects/of-object.ts";
import { MAX_QUESTIONS, questionsFor } from "../../shared/effects/questions.ts";
import { type Effect, formatEffect } from "../../shared/effects/types.ts";
import type { WorkloadFacts } from "../../shared/injection/workload.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { appSecretNames } from "../../shared/target/app-binding.ts";
import { type ResolvedTargetRef, targetKey } from "../../shared/target/ref.ts";

/**
 * Reads the AppBindings that an object names, those of the files before those of the cluster, and the workloads of the files that join a
 * batch by their label.
 */
export async function gatherEffectView(
  source: EffectSource,
  {
    appBindings: files,
    workloads,
  }: { readonly appBindings: readonly AppBinding[]; readonly workloads: readonly WorkloadFacts[] },
  client: Pick<KubeClient, "find"> | undefined,
): Promise<EffectView> {
  const find = async ({ namespace, name }: ResolvedTargetRef): Promise<AppBinding | undefined> =>
    files.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name) ??
    (await client?.find(KINDS.AppBinding, namespace, name, parseAppBinding));
  const found = appBindingsOf(source).map(async (ref) => [targetKey(ref), await find(ref)] as const);
  const known = (await Promise.all(found)).flatMap(([key, binding]) =>
    binding === undefined ? [] : [[key, appSecretNames(binding)] as const],
  );
  return { appSecrets: new Map(known), labelled: labelledIn(source, workloads) };
}

function labelledIn(source: EffectSource, workloads: readonly WorkloadFacts[]): EffectView["labelled"] {
  if (source.kind !== "BackupBatch") return [];
  return workloads.filter(({ namespace, labels }) => {
    return namespace === source.namespace && labels[Label.BackupBatch] === source.name;
  });
}

/** `BackupBatch demo/nightly`. */
function nameOf(source: EffectSource): string {
  if ("members" in source) return `${source.kind} ${source.namespace}/${source.name}`;
  const { metadata } = source;
  return `${source.kind} ${"namespace" in metadata ? `${metadata.namespace}/` : ""}${metadata.name}`;
}

/** The same for programs. */
export function describeEffects(source: EffectSource, view: EffectView): object {
  return { object: nameOf(source), effects: effectsOf(source, view) };
}

/** The whole text, without a newline at its end. */
export function formatEffects(source: EffectSource, view: EffectView): string {
  const effects = effectsOf(source, view);
  const name = nameOf(source);
  if (effects.length === 0) return `${name}: its author needs no right besides that to write it.`;
  const { ask, tooMany } = questionsFor(effects);
  if (tooMany !== undefined) {
    return `${name}: refused: ${tooMany} effects of different kinds are more than the ${MAX_QUESTIONS} that can be asked about`;
  }
  const width = Math.max(...ask.map((effect) => formatEffect(effect).length));
  const line = (effect: Effect) => `  ${formatEffect(effect).padEnd(width)}  (${effect.from})`;
  return [`${name}: its author must be allowed to`, ...ask.map(line)].join("\n");
}

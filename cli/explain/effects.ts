/** What `explain` tells of an object of ours: what it makes us do, and so what its author must be allowed to do. */
import { type AppBinding, parseAppBinding } from "../../shared/api/app-binding.ts";
import { type BackupVerifier, parseBackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Label } from "../../shared/contract.ts";
import { appBindingsOf, type EffectSource, type EffectView, effectsOf } from "../../shared/effects/of-object.ts";
import { MAX_QUESTIONS, questionsFor } from "../../shared/effects/questions.ts";
import { type Effect, formatEffect } from "../../shared/effects/types.ts";
import { verifiedDatabases } from "../../shared/effects/verified.ts";
import type { WorkloadFacts } from "../../shared/injection/workload.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { appSecretNames } from "../../shared/target/app-binding.ts";
import { type ResolvedTargetRef, targetKey } from "../../shared/target/ref.ts";
import type { FileObjects } from "./file-world.ts";

/** Objects of the files that say what others of them make us do. */
type Files = Pick<FileObjects, "appBindings" | "verifiers" | "backups"> & {
  readonly workloads: readonly WorkloadFacts[];
};

type Client = Pick<KubeClient, "find"> | undefined;

const isNamed = (metadata: { readonly namespace: string; readonly name: string }, namespace: string, name: string) =>
  metadata.namespace === namespace && metadata.name === name;

/**
 * Reads the AppBindings that an object names and what a drill restores, those of the files before those of the cluster, and the workloads of
 * the files that join a batch by their label.
 */
export async function gatherEffectView(source: EffectSource, files: Files, client: Client): Promise<EffectView> {
  const find = async ({ namespace, name }: ResolvedTargetRef): Promise<AppBinding | undefined> =>
    files.appBindings.find(({ metadata }) => isNamed(metadata, namespace, name)) ??
    (await client?.find(KINDS.AppBinding, namespace, name, parseAppBinding));
  const found = appBindingsOf(source).map(async (ref) => [targetKey(ref), await find(ref)] as const);
  const known = (await Promise.all(found)).flatMap(([key, binding]) =>
    binding === undefined ? [] : [[key, appSecretNames(binding)] as const],
  );
  const verifier = await findVerifier(source, files, client);
  return {
    appSecrets: new Map(known),
    labelled: labelledIn(source, files.workloads),
    verifier,
    verified: verifier && (await findVerified(verifier, files, client)),
  };
}

async function findVerifier(
  source: EffectSource,
  { verifiers }: Files,
  client: Client,
): Promise<BackupVerifier | undefined> {
  if (source.kind === "BackupVerifier") return source;
  if (source.kind !== "BackupVerificationSession") return undefined;
  const { namespace } = source.metadata;
  const { verifier: name } = source.spec;
  return (
    verifiers.find(({ metadata }) => isNamed(metadata, namespace, name)) ??
    (await client?.find(KINDS.BackupVerifier, namespace, name, parseBackupVerifier))
  );
}

async function findVerified(
  { metadata: { namespace }, spec }: BackupVerifier,
  { backups }: Files,
  client: Client,
): Promise<EffectView["verified"]> {
  const { kind, name } = spec.invoker;
  const mine = backups.find((backup) => backup.kind === kind && isNamed(backup, namespace, name));
  if (mine === undefined) {
    return client?.find(KINDS[kind], namespace, name, (raw) => verifiedDatabases(kind, namespace, raw));
  }
  return mine.members.flatMap(({ ref }) => (ref.kind === KINDS.AppBinding.kind ? [ref] : []));
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

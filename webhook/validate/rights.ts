/**
 * Whether the author of an object may do by himself what the object makes us do with our rights. Otherwise everyone who may write one
 * had our rights.
 */
import { parseAppBinding } from "../../shared/api/app-binding.ts";
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { type BackupVerifier, parseBackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { LABEL_VALUE_MAX_LENGTH, Label } from "../../shared/contract.ts";
import { appBindingsOf, type EffectSource, type EffectView, effectsOf } from "../../shared/effects/of-object.ts";
import { MAX_QUESTIONS, questionsFor } from "../../shared/effects/questions.ts";
import { distinctEffects, type Effect, formatEffect } from "../../shared/effects/types.ts";
import { verifiedDatabases } from "../../shared/effects/verified.ts";
import { messageOf } from "../../shared/errors.ts";
import type { BackupInvokerView } from "../../shared/invoker/object.ts";
import { textAt } from "../../shared/json/value.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { appSecretNames } from "../../shared/target/app-binding.ts";
import { targetKey } from "../../shared/target/ref.ts";
import { type Finding, fault } from "../../shared/validation/finding.ts";
import { askAccess } from "../access-review.ts";
import type { UserFacts } from "../review.ts";

/** For all questions together; less than the 3 s that the API server gives us. */
const TIMEOUT_MS = 2_000;

/** AppBindings that are read for one object. Of the others nothing is known, so the question is about any Secret. */
const MAX_APP_BINDINGS = 32;

export type RightsClient = Pick<KubeClient, "create" | "find" | "list">;

interface Asking {
  readonly user: UserFacts;
  readonly client: RightsClient;
  readonly signal: AbortSignal;
}

/**
 * Asks the API server. What it doesn't answer in time counts as not allowed.
 *
 * @param sources the object, and what it was where that counts too
 */
export async function findMissingRights(
  sources: readonly EffectSource[],
  user: UserFacts,
  client: RightsClient,
): Promise<readonly Finding[]> {
  const asking = { user, client, signal: AbortSignal.timeout(TIMEOUT_MS) };
  const each = sources.map(async (source) => effectsOf(source, await gatherEffectView(source, asking)));
  const effects = distinctEffects((await Promise.all(each)).flat());
  const { ask, tooMany } = questionsFor(effects);
  if (tooMany !== undefined) {
    const what = `has ${tooMany} effects of different kinds, and ${user.username} can be asked about ${MAX_QUESTIONS}`;
    return [fault("spec", what, "Divide it into several objects.")];
  }
  const answers = ask.map((effect) => findMissingRight(effect, asking));
  return (await Promise.all(answers)).flat();
}

async function gatherEffectView(source: EffectSource, asking: Asking): Promise<EffectView> {
  const [appSecrets, labelled, ofDrills] = await Promise.all([
    gatherAppSecrets(source, asking),
    source.kind === "BackupBatch" ? gatherLabelled(source, asking) : [],
    gatherDrills(source, asking),
  ]);
  return { appSecrets, labelled, ...ofDrills };
}

/** The verifier whose drills are meant, and what they restore. */
async function gatherDrills(
  source: EffectSource,
  asking: Asking,
): Promise<Pick<EffectView, "verifier" | "verified"> | undefined> {
  if (source.kind !== "BackupVerifier" && source.kind !== "BackupVerificationSession") return undefined;
  const verifier = source.kind === "BackupVerifier" ? source : await findVerifier(source, asking);
  return { verifier, verified: verifier && (await gatherVerified(verifier, asking)) };
}

function findVerifier(
  { metadata, spec }: BackupVerificationSession,
  { client, signal }: Asking,
): Promise<BackupVerifier | undefined> {
  const options = { timeoutMs: TIMEOUT_MS, maxRetries: 0, signal };
  return client.find(KINDS.BackupVerifier, metadata.namespace, spec.verifier, parseBackupVerifier, options);
}

/** The databases that drills of the verifier restore. One that can't be read has no drills either, until it is mended. */
async function gatherVerified(
  { metadata, spec }: BackupVerifier,
  { client, signal }: Asking,
): Promise<EffectView["verified"]> {
  const { kind, name } = spec.invoker;
  const { namespace } = metadata;
  const readRefs = (raw: unknown) => verifiedDatabases(kind, namespace, raw);
  return client.find(KINDS[kind], namespace, name, readRefs, { timeoutMs: TIMEOUT_MS, maxRetries: 0, signal });
}

const apps = (plural: string): Resource => ({ group: "apps", version: "v1", plural, namespaced: true });
const WORKLOADS = [
  ["Deployment", apps("deployments")],
  ["StatefulSet", apps("statefulsets")],
  ["DaemonSet", apps("daemonsets")],
] as const;

/** Workloads of the batch's namespace that joined it by their label. */
async function gatherLabelled(
  { namespace, name }: BackupInvokerView,
  { client, signal }: Asking,
): Promise<EffectView["labelled"]> {
  // A name that is no label's value is in no label.
  if (name === "" || name.length > LABEL_VALUE_MAX_LENGTH) return [];
  const options = {
    labelSelector: `${Label.BackupBatch}=${name}`,
    metadataOnly: true,
    timeoutMs: TIMEOUT_MS,
    maxRetries: 0,
    signal,
  };
  const lists = WORKLOADS.map(async ([kind, resource]) => {
    const readName = (raw: unknown) => textAt(raw, "metadata", "name") ?? "";
    const { items } = await client.list(resource, namespace, readName, options);
    return items.map((workload) => ({ kind, namespace, name: workload }));
  });
  return (await Promise.all(lists)).flat();
}

async function gatherAppSecrets(source: EffectSource, { client, signal }: Asking): Promise<EffectView["appSecrets"]> {
  const refs = [...new Map(appBindingsOf(source).map((ref) => [targetKey(ref), ref])).values()];
  const found = refs.slice(0, MAX_APP_BINDINGS).map(async (ref) => {
    const readNames = (raw: unknown) => appSecretNames(parseAppBinding(raw));
    const options = { timeoutMs: TIMEOUT_MS, maxRetries: 0, signal };
    const names = await client.find(KINDS.AppBinding, ref.namespace, ref.name, readNames, options);
    return [targetKey(ref), names] as const;
  });
  const known = (await Promise.all(found)).flatMap(([key, names]) =>
    names === undefined ? [] : [[key, names] as const],
  );
  return new Map(known);
}

async function findMissingRight(effect: Effect, { user, client, signal }: Asking): Promise<readonly Finding[]> {
  const what = formatEffect(effect);
  try {
    if (await askAccess(client, user, effect, { timeoutMs: TIMEOUT_MS, maxRetries: 0, signal })) return [];
    const next = "Ask for that right, or let someone create it who has it.";
    return [fault("author", `${user.username} may not ${what}, which ${effect.from} asks for`, next)];
  } catch (thrown) {
    const next = "Try again; if it stays, look at the log of the webhook.";
    return [fault("author", `whether ${user.username} may ${what} is not known: ${messageOf(thrown)}`, next)];
  }
}

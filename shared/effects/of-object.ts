/**
 * What an object makes this product do. Who writes the object must be allowed to do each of it: otherwise everyone who may write one had
 * our rights. Pure; the webhook asks the API server, `explain` shows it.
 *
 * | # | object | effects, in its own namespace unless said otherwise |
 * |---|---|---|
 * | 1 | member that names a workload, or a claim; workload that joined the batch by its label | update it |
 * | 2 | member that names an AppBinding | get it; a restore also gets its Secrets |
 * | 3 | member that a job works for | create pods, which lets somebody use any ServiceAccount of the namespace |
 * | 4 | member with claim templates or an interim volume | create claims |
 * | 5 | member with exec hooks | create pods/exec |
 * | 6 | hooks of the whole batch, of every kind | create pods |
 * | 7 | runtimeSettings | get the Secrets, ConfigMaps and the ServiceAccount that they name, and create pods for the latter; create ServiceAccounts that carry annotations; those of a whole batch: create pods |
 * | 8 | Repository | get its Secret; with a local backend get what its volume names, and create pods: one that looks after the repository mounts it |
 * | 9 | AppBinding | get its Secrets: whoever backs the application up sends them to its address; create pods: jobs save what answers there, write whole databases to it, and commands of hooks run behind it |
 * | 10 | BackupBlueprint | with repoNamespace row 8 there; without it create pods everywhere for a local backend: Secrets and claims are each namespace's own |
 * | 11 | BackupVerifier | create pods, claims and NetworkPolicies: what was backed up is restored into them, and they let its pods reach the store; get the AppBindings of its invoker, which say what databases are; what its script and its settings name, as in row 7 |
 * | 12 | BackupVerificationSession | what its BackupVerifier asks for; where that is not there what every drill does |
 */
import type { AppBinding } from "../api/app-binding.ts";
import type { Backend } from "../api/backend.ts";
import type { BackupBlueprint } from "../api/backup-blueprint.ts";
import type { BackupVerificationSession } from "../api/backup-verification-session.ts";
import type { BackupVerifier } from "../api/backup-verifier.ts";
import { KINDS } from "../api/kinds.ts";
import type { Repository } from "../api/repository.ts";
import type { RuntimeSettings } from "../api/runtime-settings.ts";
import { Label } from "../contract.ts";
import { assertNever } from "../errors.ts";
import { type BackupInvokerView, isJobMember, type RestoreInvokerView } from "../invoker/object.ts";
import { appSecretNames } from "../target/app-binding.ts";
import type { ResolvedTargetRef } from "../target/ref.ts";
import { hasExecHook } from "../validation/hooks.ts";
import { objectsNamedIn } from "./named-objects.ts";
import { distinctEffects, type Effect, type EffectOn } from "./types.ts";

export type EffectSource =
  | BackupInvokerView
  | RestoreInvokerView
  | Repository
  | AppBinding
  | BackupBlueprint
  | BackupVerifier
  | BackupVerificationSession;

/** What has to be known besides the object itself. */
export interface EffectView {
  /** Names of the Secrets of the AppBindings that the object names, by targetKey(); one that is not there is missing. */
  readonly appSecrets: ReadonlyMap<string, readonly string[]>;
  /** Workloads whose label names the BackupBatch: it decides where their data goes. */
  readonly labelled: readonly Pick<ResolvedTargetRef, "kind" | "namespace" | "name">[];
  /** Of a drill; undefined while that is not there. */
  readonly verifier?: BackupVerifier | undefined;
  /** AppBindings of a verifier's invoker; undefined while that is not there. */
  readonly verified?: readonly Pick<ResolvedTargetRef, "namespace" | "name">[] | undefined;
}

/** What is done to a target of each kind; no other kind can be one. */
const ON_TARGET: Readonly<Record<string, EffectOn>> = {
  Deployment: { verb: "update", group: "apps", resource: "deployments" },
  StatefulSet: { verb: "update", group: "apps", resource: "statefulsets" },
  DaemonSet: { verb: "update", group: "apps", resource: "daemonsets" },
  DeploymentConfig: { verb: "update", group: "apps.openshift.io", resource: "deploymentconfigs" },
  PersistentVolumeClaim: { verb: "update", group: "", resource: "persistentvolumeclaims" },
  AppBinding: { verb: "get", group: KINDS.AppBinding.group, resource: KINDS.AppBinding.plural },
};

const CREATE_PODS: EffectOn = { verb: "create", group: "", resource: "pods" };
const EXEC: EffectOn = { ...CREATE_PODS, subresource: "exec" };
const CREATE_CLAIMS: EffectOn = { verb: "create", group: "", resource: "persistentvolumeclaims" };
const CREATE_POLICIES: EffectOn = { verb: "create", group: "networking.k8s.io", resource: "networkpolicies" };
const GET_SECRETS: EffectOn = { verb: "get", group: "", resource: "secrets" };
const GET_ACCOUNT: EffectOn = { verb: "get", group: "", resource: "serviceaccounts" };
const CREATE_ACCOUNTS: EffectOn = { verb: "create", group: "", resource: "serviceaccounts" };

/** AppBindings whose Secrets have to be known before `effectsOf` is asked. */
export function appBindingsOf(source: EffectSource): readonly ResolvedTargetRef[] {
  if (!("members" in source) || !isRestore(source)) return [];
  return source.members.flatMap(({ ref }) => (ref.kind === KINDS.AppBinding.kind ? [ref] : []));
}

/** All effects of an object, each once. */
export function effectsOf(source: EffectSource, view: EffectView): readonly Effect[] {
  switch (source.kind) {
    case "BackupConfiguration":
    case "BackupBatch":
    case "RestoreSession":
    case "RestoreBatch":
      return distinctEffects(effectsOfInvoker(source, view));
    case "Repository":
      return distinctEffects(effectsOfRepository(source));
    case "AppBinding":
      return distinctEffects(effectsOfAppBinding(source));
    case "BackupBlueprint":
      return distinctEffects(effectsOfBlueprint(source));
    case "BackupVerifier":
      return distinctEffects(effectsOfVerifier(source, view));
    case "BackupVerificationSession":
      return distinctEffects(effectsOfDrill(source, view));
    default:
      return assertNever(source);
  }
}

function isRestore(invoker: BackupInvokerView | RestoreInvokerView): invoker is RestoreInvokerView {
  return invoker.kind === "RestoreSession" || invoker.kind === "RestoreBatch";
}

function effectsOfInvoker(invoker: BackupInvokerView | RestoreInvokerView, view: EffectView): readonly Effect[] {
  const { namespace } = invoker;
  const isBatch = invoker.kind === "BackupBatch" || invoker.kind === "RestoreBatch";
  const globalHooks = Object.values(invoker.hooks ?? {}).filter((handler) => handler !== undefined);
  return [
    ...invoker.members.flatMap((member) =>
      effectsOfMember(member, {
        namespace,
        field: isBatch ? `spec.members[${member.index}]` : "spec",
        isRestore: isRestore(invoker),
        view,
      }),
    ),
    ...view.labelled.flatMap(({ kind, namespace: at, name }) => {
      const onTarget = ON_TARGET[kind];
      return onTarget === undefined ? [] : [{ ...onTarget, namespace: at, name, from: `label ${Label.BackupBatch}` }];
    }),
    ...(globalHooks.length > 0 ? [{ ...CREATE_PODS, namespace, from: "spec.hooks" }] : []),
    ...(isRestore(invoker) ? [] : effectsOfTrigger(invoker)),
  ];
}

/** Where Kubernetes starts the sessions, these are the settings of a pod of its own. */
function effectsOfTrigger({ kind, namespace, runtimeSettings }: BackupInvokerView): readonly Effect[] {
  if (kind !== "BackupBatch" || runtimeSettings === undefined) return [];
  const pod = { ...CREATE_PODS, namespace, from: "spec.runtimeSettings" };
  return [pod, ...effectsOfSettings(runtimeSettings, namespace, "spec")];
}

type AnyMember = (BackupInvokerView | RestoreInvokerView)["members"][number];

function effectsOfMember(
  member: AnyMember,
  at: { readonly namespace: string; readonly field: string; readonly isRestore: boolean; readonly view: EffectView },
): readonly Effect[] {
  const { ref, spec, target } = member;
  const { namespace, field, view } = at;
  const effect = (on: EffectOn, from: string): Effect => ({ ...on, namespace, from: `${field}.${from}` });
  const onTarget = ON_TARGET[ref.kind];
  const templates = "volumeClaimTemplates" in target ? (target.volumeClaimTemplates ?? []) : [];
  return [
    ...(onTarget === undefined
      ? []
      : [{ ...onTarget, namespace: ref.namespace, name: ref.name, from: `${field}.target.ref` }]),
    ...(at.isRestore && ref.kind === KINDS.AppBinding.kind ? secretsOfApp(ref, view, `${field}.target.ref`) : []),
    ...(isJobMember(member) ? [effect(CREATE_PODS, "target (a job works for it)")] : []),
    ...(templates.length > 0 ? [effect(CREATE_CLAIMS, "target.volumeClaimTemplates")] : []),
    ...(spec.interimVolumeTemplate === undefined ? [] : [effect(CREATE_CLAIMS, "interimVolumeTemplate")]),
    ...(hasExecHook(member.hooks) ? [effect(EXEC, "hooks")] : []),
    ...effectsOfSettings(spec.runtimeSettings, namespace, field),
  ];
}

/** Of an AppBinding that is not there any Secret may become its own. */
function secretsOfApp(ref: ResolvedTargetRef, view: EffectView, from: string): readonly Effect[] {
  const at = { ...GET_SECRETS, namespace: ref.namespace, from };
  const names = view.appSecrets.get(`${ref.kind}/${ref.namespace}/${ref.name}`);
  return names === undefined ? [at] : names.map((name) => ({ ...at, name }));
}

function effectsOfSettings(settings: RuntimeSettings | undefined, namespace: string, field: string): readonly Effect[] {
  if (settings === undefined) return [];
  const from = `${field}.runtimeSettings`;
  const { serviceAccountName, serviceAccountAnnotations } = settings.pod ?? {};
  const annotated = Object.keys(serviceAccountAnnotations ?? {}).length > 0;
  return [
    ...objectsNamedIn(settings).map(({ on, name }) => ({ ...on, namespace, name, from })),
    ...(serviceAccountName
      ? [
          { ...GET_ACCOUNT, namespace, name: serviceAccountName, from },
          { ...CREATE_PODS, namespace, from: `${from}.pod.serviceAccountName` },
        ]
      : []),
    ...(annotated ? [{ ...CREATE_ACCOUNTS, namespace, from: `${from}.pod.serviceAccountAnnotations` }] : []),
  ];
}

/** What every drill makes. */
const DRILLS: readonly (readonly [EffectOn, from: string])[] = [
  [CREATE_PODS, "spec.invoker (a drill restores it)"],
  [CREATE_CLAIMS, "spec.storage"],
  // Whoever may make pods could give them the labels by which the drill's are let out.
  [CREATE_POLICIES, "spec.invoker (its pods may reach the store)"],
];

function effectsOfDrill({ metadata, spec }: BackupVerificationSession, view: EffectView): readonly Effect[] {
  const { namespace } = metadata;
  const effects =
    view.verifier === undefined
      ? DRILLS.map(([on, from]) => ({ ...on, namespace, from }))
      : effectsOfVerifier(view.verifier, view);
  return effects.map((effect) => ({ ...effect, from: `BackupVerifier ${spec.verifier}, ${effect.from},` }));
}

function effectsOfVerifier({ metadata, spec }: BackupVerifier, { verified }: EffectView): readonly Effect[] {
  const { namespace } = metadata;
  return [
    ...DRILLS.map(([on, from]) => ({ ...on, namespace, from })),
    ...effectsOfDatabases(spec, namespace, verified),
    ...objectsNamedIn(spec.script).map(({ on, name }) => ({ ...on, namespace, name, from: "spec.script" })),
    ...effectsOfSettings(spec.runtimeSettings, namespace, "spec"),
  ];
}

const GET_APP_BINDINGS: EffectOn = { verb: "get", group: KINDS.AppBinding.group, resource: KINDS.AppBinding.plural };

/** An invoker that is not there may name any AppBinding later: that counts where the verifier speaks of databases. */
function effectsOfDatabases(
  { queries = [], servers = [] }: BackupVerifier["spec"],
  namespace: string,
  verified: EffectView["verified"],
): readonly Effect[] {
  const at = { ...GET_APP_BINDINGS, namespace };
  if (verified !== undefined) {
    return verified.map(({ namespace: of, name }) => ({ ...at, namespace: of, name, from: "spec.invoker" }));
  }
  const field = queries.length > 0 ? "spec.queries" : "spec.servers";
  return queries.length + servers.length > 0 ? [{ ...at, from: field }] : [];
}

function effectsOfRepository({ metadata, spec }: Repository): readonly Effect[] {
  return effectsOfBackend(spec.backend, metadata.namespace, "spec.backend");
}

/** @param namespace of the Repository: what the volume of a local backend names lies there, and the pod that looks after the repository */
function effectsOfBackend(backend: Backend | undefined, namespace: string, from: string): readonly Effect[] {
  const { storageSecretName, local } = backend ?? {};
  return [
    ...(storageSecretName ? [{ ...GET_SECRETS, namespace, name: storageSecretName, from }] : []),
    ...objectsNamedIn(local).map(({ on, name }) => ({ ...on, namespace, name, from: `${from}.local` })),
    ...(local === undefined ? [] : [{ ...CREATE_PODS, namespace, from: `${from}.local` }]),
  ];
}

/** It says where the data of others goes and whose is saved under its name, also without any Secret and when nobody names it yet. */
function effectsOfAppBinding(binding: AppBinding): readonly Effect[] {
  const { namespace } = binding.metadata;
  return [
    ...appSecretNames(binding).map((name) => ({ ...GET_SECRETS, namespace, name, from: "spec.secret" })),
    { ...CREATE_PODS, namespace, from: "spec.clientConfig (jobs go there)" },
  ];
}

/** What the Repositories of a blueprint make us do, wherever it says that they are. What holds `${...}` may become any name. */
function effectsOfBlueprint({ spec }: BackupBlueprint): readonly Effect[] {
  const { repoNamespace, backend } = spec;
  const isKnown = (text: string): boolean => !text.includes("$");
  const namespace = repoNamespace && isKnown(repoNamespace) ? repoNamespace : "";
  const effects = effectsOfBackend(backend, namespace, repoNamespace ? "spec.repoNamespace" : "spec.backend");
  // Without repoNamespace each target's own namespace has what is named.
  const asked = repoNamespace ? effects : effects.filter(({ name }) => name === undefined);
  return asked.map(({ name, ...effect }) => (name !== undefined && isKnown(name) ? { ...effect, name } : effect));
}

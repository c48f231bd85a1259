/** The injected containers and their volumes, in the form in which the API server stores them, without the image. */
import type { VolumeMount } from "../api/kubernetes/volume.ts";
import type { Repository } from "../api/repository.ts";
import { Command, Container, Path, Volume } from "../contract.ts";
import { formatInvoker } from "../invoker/object.ts";
import { backendVolumes, type MountedVolume, VOLUME_FILE_MODE } from "./backend-volume.ts";
import { hashContainer, type InvokerIdentity } from "./container-hash.ts";
import {
  DEFAULT_RESOURCES,
  mergeResources,
  readAskedResources,
  readPodAmounts,
  withoutShared,
  withScratch,
} from "./container-resources.ts";
import {
  buildEnv,
  buildPassedOn,
  buildPassedOnToInit,
  buildScratchVolume,
  type ChosenSettings,
  chooseSettings,
  findScratchLimit,
  type MemberSettings,
  reservedEnvIn,
} from "./container-settings.ts";
import { findContested } from "./contested.ts";
import { fitDefaults } from "./limit-range.ts";
import { uniteMounts } from "./mounts.ts";
import { fitToPod, NOTHING_ELSE, readPodLimits } from "./pod-range.ts";
import { buildSecurityContext, findUserWarnings, type RunsAs } from "./security-context.ts";
import type { InjectionProblem, InjectionView } from "./view.ts";
import type { JsonObject } from "./workload.ts";

/** What a container is built from: one entry a member, oldest invoker first. */
export interface Ingredient {
  readonly invoker: InvokerIdentity;
  readonly repository: Repository | undefined;
  readonly spec: MemberSettings;
  readonly volumeMounts: readonly VolumeMount[];
}

export type Ingredients = readonly [Ingredient, ...Ingredient[]];
export type Role = "backup" | "restore";

/** What the members come to, whatever the workload's pods look like. */
export interface Mixture {
  readonly oldest: Ingredient;
  readonly settings: ChosenSettings;
  readonly backends: UnitedBackends;
  /** Mounts of the container itself and of its backends. */
  readonly fixedMounts: readonly VolumeMount[];
  /** Of the data of all members. */
  readonly dataMounts: readonly VolumeMount[];
  /** Volumes of the workload that hold the data. */
  readonly volumeNames: readonly string[];
  /** Members that don't get their place. */
  readonly contested: readonly InjectionProblem[];
}

export interface BuiltContainer {
  /** Without `image` and `args`; its `command` goes with the image. */
  readonly container: JsonObject;
  readonly args: readonly string[];
  readonly volumes: readonly JsonObject[];
  readonly warnings: readonly string[];
  /** Members that it can't serve as they want. */
  readonly problems: readonly InjectionProblem[];
  /** Decimal FNV-1a-64 of what the container was built from, and that a running pod can't learn later. */
  readonly hash: string;
}

/** Unites what members ask for. */
export function mixIngredients(ingredients: Ingredients, namespace: string): Mixture {
  const backends = uniteBackends(ingredients, namespace);
  const fixedMounts = [SCRATCH_MOUNT, IDENTITY_MOUNT, ...backends.mounts];
  const dataMounts = uniteMounts(
    ingredients.map(({ volumeMounts }) => volumeMounts),
    fixedMounts.map(({ mountPath }) => mountPath),
  );
  return {
    oldest: ingredients[0],
    settings: chooseSettings(ingredients.map(({ spec }) => spec)),
    backends,
    fixedMounts,
    dataMounts,
    volumeNames: dataMounts.map(({ name }) => name),
    contested: findContested(ingredients, namespace, [SCRATCH_MOUNT.mountPath, IDENTITY_MOUNT.mountPath]),
  };
}

/** Builds the container. */
export function buildContainer(mixture: Mixture, runsAs: RunsAs, view: InjectionView, role: Role): BuiltContainer {
  const { oldest, settings: chosen, backends, fixedMounts, dataMounts } = mixture;
  const { settings } = view;
  const isBackup = role === "backup";
  const isNative = isBackup && settings.nativeSidecar;
  const scratch = buildScratchVolume(chosen.tempDir);
  const { isGuessed: _, ...identity } = runsAs;
  const asked = readAskedResources(view.workload.annotations);
  const defaults = settings.resources ?? DEFAULT_RESOURCES;
  const { isStorageLimited, shared } = readPodAmounts(view.workload.podTemplate);
  const ofInstallation = withScratch(isBackup ? defaults.sidecar : defaults.restore, isStorageLimited);
  const ranges = view.limitRanges ?? [];
  // Init-containers run one by one, and before the others.
  const beside = isBackup ? readPodLimits(view.workload.podTemplate, ranges) : NOTHING_ELSE;
  const fitting = fitToPod(fitDefaults(ofInstallation, ranges), ranges, beside);
  const resources = withoutShared(mergeResources([fitting, asked.resources, chosen.container?.resources]), shared);
  const origin = {
    isNative,
    settings: chosen.container,
    scratch,
    mounts: dataMounts,
    backends: backends.origins,
    runsAs: identity,
    ...(asked.resources !== undefined && { resources: asked.resources }),
  };
  return {
    container: {
      name: isBackup ? Container.Sidecar : Container.RestoreInit,
      ...(settings.command !== undefined && { command: settings.command }),
      env: buildEnv(chosen.container, findScratchLimit(chosen.tempDir, resources)),
      ...(isBackup ? buildPassedOn(chosen.container, resources) : buildPassedOnToInit(chosen.container, resources)),
      volumeMounts: [...fixedMounts, ...dataMounts],
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      securityContext: buildSecurityContext(runsAs, chosen.container?.securityContext, role),
      ...(isNative && { restartPolicy: "Always" }),
    },
    args: [isBackup ? Command.RunBackup : Command.Restore, ...identityArgs(oldest, view)],
    volumes: [scratch, IDENTITY_VOLUME, ...backends.volumes],
    hash: hashContainer(origin, view, isBackup ? undefined : oldest.invoker),
    problems: mixture.contested,
    warnings: [
      ...findUserWarnings(runsAs),
      ...(asked.warning === undefined ? [] : [asked.warning]),
      ...(shared.length === 0 ? [] : [formatShared(shared)]),
      ...chosen.contradictions.map(
        (field) =>
          `several invokers name the workload with different ${field}: that of ${formatInvoker(oldest.invoker)} counts`,
      ),
      ...reservedEnvIn(chosen.container).map(
        (name) => `runtimeSettings can't set ${name}: the agent needs it for itself`,
      ),
    ],
  };
}

function formatShared(names: readonly string[]): string {
  return `the pod has ${names.join(" and ")} for all its containers, so ours has none of its own, and restic takes of the pod's (next: let them be enough for both)`;
}

export const SCRATCH_MOUNT: VolumeMount = { name: Volume.Scratch, mountPath: Path.Scratch };
export const IDENTITY_MOUNT: VolumeMount = { name: Volume.Identity, mountPath: Path.Identity, readOnly: true };

/** Tokens are renewed by the kubelet at 80 % of their life; an hour is what it gives every pod itself. */
const TOKEN_LIFE_SECONDS = 3_600;

/**
 * The agent's own identity, whether or not the pod mounts the ServiceAccount's. The CA is optional: a namespace without
 * it must not keep the application from starting.
 */
export const IDENTITY_VOLUME: JsonObject = {
  name: Volume.Identity,
  projected: {
    defaultMode: VOLUME_FILE_MODE,
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_LIFE_SECONDS, path: "token" } },
      { configMap: { items: [{ key: "ca.crt", path: "ca.crt" }], name: "kube-root-ca.crt", optional: true } },
      {
        downwardAPI: {
          items: [{ fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" }, path: "namespace" }],
        },
      },
    ],
  },
};

function identityArgs({ invoker }: Ingredient, { workload }: InjectionView): readonly string[] {
  return [
    `--invoker-kind=${invoker.kind}`,
    `--invoker-name=${invoker.name}`,
    `--target-kind=${workload.kind}`,
    `--target-name=${workload.name}`,
    `--target-namespace=${workload.namespace}`,
  ];
}

interface UnitedBackends {
  readonly origins: readonly JsonObject[];
  readonly volumes: readonly JsonObject[];
  readonly mounts: readonly VolumeMount[];
}

/** Each Secret and each local volume once, however many members use it. */
function uniteBackends(ingredients: readonly Ingredient[], namespace: string): UnitedBackends {
  const all: MountedVolume[] = ingredients.flatMap(({ repository }) =>
    repository === undefined ? [] : backendVolumes(repository, namespace),
  );
  const mounts = uniteMounts([all.map(({ mount }) => mount)], []);
  const kept = mounts.flatMap((mount) => all.find((one) => one.mount === mount) ?? []);
  const volumes = new Map(kept.map(({ volume, mount }) => [mount.name, volume]));
  return { volumes: [...volumes.values()], origins: kept.map(({ origin }) => origin), mounts };
}

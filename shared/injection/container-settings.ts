/** What `runtimeSettings.container` and `tempDir` make of the injected container and its scratch volume. */
import type { EnvVar, Resources } from "../api/kubernetes/pod.ts";
import type { ContainerSettings, RuntimeSettings } from "../api/runtime-settings.ts";
import type { TempDir } from "../api/temp-dir.ts";
import { Env, SCRATCH_LIMIT, Volume } from "../contract.ts";
import { canonicalJson } from "../hash.ts";
import { isAbove } from "../quantity.ts";
import type { JsonObject } from "./workload.ts";

/** Where the agent learns which pod it runs in. */
const IDENTITY = [
  [Env.NodeName, "spec.nodeName"],
  [Env.PodName, "metadata.name"],
  [Env.PodUid, "metadata.uid"],
  [Env.PodNamespace, "metadata.namespace"],
  [Env.PodIp, "status.podIP"],
].map(([name = "", fieldPath]) => ({ name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } }));

/** A LimitRange or a policy may limit what the container stores when the pod is made, long after the template. */
const STORAGE_LIMIT = {
  name: Env.StorageLimit,
  valueFrom: { resourceFieldRef: { divisor: "0", resource: "limits.ephemeral-storage" } },
};

/** Written as the API server stores it. */
const OWN_VARIABLES: readonly (JsonObject & { readonly name: string })[] = [...IDENTITY, STORAGE_LIMIT];

/** Variables that each of our containers has, and that nobody can set. */
export const OWN_ENV: readonly string[] = OWN_VARIABLES.map(({ name }) => name);

/** How much of the node the scratch volume may take; undefined where nothing says. */
export function findScratchLimit(tempDir: TempDir | undefined, resources: Resources): string | number | undefined {
  const limits = [tempDir?.sizeLimit, resources.limits?.["ephemeral-storage"]].filter((limit) => limit !== undefined);
  return limits.reduce<string | number | undefined>(
    (least, limit) => (least === undefined || isAbove(least, limit) ? limit : least),
    undefined,
  );
}

/** Environment: what the pod tells of itself, which nothing overrides, then nice and ionice, then the user's variables by name. */
export function buildEnv(
  settings: ContainerSettings | undefined,
  scratchLimit?: string | number | undefined,
): readonly JsonObject[] {
  const isTight = isAbove(SCRATCH_LIMIT, scratchLimit);
  const { env, nice, ionice } = settings ?? {};
  if (env === undefined && nice === undefined && ionice === undefined && !isTight) return OWN_VARIABLES;
  const byName = new Map<string, EnvVar>();
  const numbers = [
    [Env.NiceAdjustment, settings?.nice?.adjustment],
    [Env.IoniceClass, settings?.ionice?.class],
    [Env.IoniceClassData, settings?.ionice?.classData],
  ] as const;
  for (const [name, value] of numbers) if (value !== undefined) byName.set(name, { name, value: String(value) });
  // The agent takes more than that where nobody tells it.
  if (isTight) byName.set(Env.ScratchLimit, { name: Env.ScratchLimit, value: String(scratchLimit) });
  for (const variable of settings?.env ?? []) byName.set(variable.name, variable);
  for (const name of OWN_ENV) byName.delete(name);
  return [...OWN_VARIABLES, ...byName.values()];
}

/** Names that the user set and that the agent needs for itself. */
export function reservedEnvIn(settings: ContainerSettings | undefined): readonly string[] {
  return (settings?.env ?? []).map(({ name }) => name).filter((name) => OWN_ENV.includes(name));
}

/** Fields that are taken over as they are, beside the resources that were found for the container. */
export function buildPassedOn(settings: ContainerSettings | undefined, resources: Resources): JsonObject {
  const { livenessProbe, readinessProbe, lifecycle, envFrom } = settings ?? {};
  return {
    resources,
    ...(livenessProbe !== undefined && { livenessProbe }),
    ...(readinessProbe !== undefined && { readinessProbe }),
    ...(lifecycle !== undefined && { lifecycle }),
    ...(envFrom !== undefined && envFrom.length > 0 && { envFrom }),
  };
}

/** The same for a container that runs before others: the API server lets it have neither probes nor lifecycle. */
export function buildPassedOnToInit(settings: ContainerSettings | undefined, resources: Resources): JsonObject {
  const { livenessProbe: _, readinessProbe: __, lifecycle: ___, ...passedOn } = buildPassedOn(settings, resources);
  return passedOn;
}

/** The scratch volume: an emptyDir of the wanted medium and limit. */
export function buildScratchVolume(tempDir: TempDir | undefined): JsonObject {
  const { medium, sizeLimit } = tempDir ?? {};
  return {
    name: Volume.Scratch,
    emptyDir: { ...(medium && { medium }), ...(sizeLimit !== undefined && { sizeLimit }) },
  };
}

export interface MemberSettings {
  readonly runtimeSettings?: RuntimeSettings | undefined;
  readonly tempDir?: TempDir | undefined;
}

export interface ChosenSettings {
  readonly container: ContainerSettings | undefined;
  readonly tempDir: TempDir | undefined;
  /** Fields on which members differ; the oldest invoker's value was taken. */
  readonly contradictions: readonly string[];
}

/** Settings of one container that serves several members, oldest invoker first. */
export function chooseSettings(members: readonly MemberSettings[]): ChosenSettings {
  const containers = members.map(({ runtimeSettings }) => runtimeSettings?.container);
  const tempDirs = members.map(({ tempDir }) => tempDir);
  const contradictions = [
    ...(isContradicting(containers) ? ["runtimeSettings.container"] : []),
    ...(isContradicting(tempDirs.map(volumeOf)) ? ["tempDir"] : []),
  ];
  return { container: firstGiven(containers), tempDir: firstGiven(tempDirs), contradictions };
}

/** The switch for restic's cache is read while running; only medium and limit are the volume's. */
function volumeOf(tempDir: TempDir | undefined): TempDir | undefined {
  if (tempDir === undefined) return undefined;
  const { disableCaching: _, ...volume } = tempDir;
  return volume;
}

function firstGiven<T>(values: readonly (T | undefined)[]): T | undefined {
  return values.find((value) => value !== undefined);
}

function isContradicting(values: readonly unknown[]): boolean {
  const given = values.filter((value) => value !== undefined);
  return given.length > 1 && new Set(given.map(canonicalJson)).size > 1;
}

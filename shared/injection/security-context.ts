/**
 * As whom the injected container runs. It meets Pod Security `restricted` wherever the data allows: no capability, no
 * escalation, a read-only root file system, and the user of the application's container that mounts the volume.
 *
 * | # | user | namespace | runs as |
 * |---|---|---|---|
 * | 1 | set by runtimeSettings, or the application's; not 0 | any | that user, without capabilities |
 * | 2 | unknown or 0 | enforces restricted | 65534, without capabilities |
 * | 3 | unknown | OpenShift gives the namespace its own users | left to OpenShift, which gives the application the same |
 * | 4 | unknown or 0, and `runAsNonRoot` is true | any other | 65534, without capabilities |
 * | 5 | unknown or 0 | any other | 0 with DAC_OVERRIDE; a restore also CHOWN and FOWNER, to give files back to their owners |
 *
 * `runAsNonRoot` is the pod's, that of the container whose user counts, or that of runtimeSettings: one that is true forbids
 * root, whatever runtimeSettings say otherwise. A policy that wants it would refuse the application's pods with ours in them.
 */
import type { ContainerSecurityContext } from "../api/kubernetes/pod.ts";
import { listAt, numberAt, valueAt } from "../json/value.ts";
import { enforcesRestricted } from "./backend-volume.ts";
import { applicationContainers, mountsVolume } from "./own-parts.ts";
import type { NamespaceFacts } from "./view.ts";
import type { JsonObject } from "./workload.ts";

export interface IdentityRequest {
  readonly podTemplate: JsonObject;
  readonly namespace: NamespaceFacts;
  /** Volumes of the workload that hold the data. */
  readonly volumeNames: readonly string[];
  /** `runtimeSettings.container.securityContext`: each field that it sets wins. */
  readonly override: ContainerSecurityContext | undefined;
}

/** Row of the table above, with what it needs. */
export interface RunsAs {
  readonly mode: "User" | "Assigned" | "Root";
  readonly user?: number;
  readonly group?: number;
  /** Root is forbidden and nothing tells whose the data is, so that some of it may not be readable. */
  readonly isGuessed?: true;
}

/** User of container images that name none of their own. */
const NOBODY = 65534;
const OPENSHIFT_USERS = "openshift.io/sa.scc.uid-range";

/** Decides as whom the container runs. */
export function decideRunsAs(request: IdentityRequest): RunsAs {
  const { namespace, podTemplate, volumeNames } = request;
  const owner = findOwner(podTemplate, volumeNames);
  const { user, group } = findIdentity(request, owner);
  const ofGroup = group === undefined ? {} : { group };
  if (user !== undefined && user !== 0) return { mode: "User", user, ...ofGroup };
  const guessed = { mode: "User", user: NOBODY, ...ofGroup, isGuessed: true } as const;
  if (enforcesRestricted(namespace)) return guessed;
  if (user === undefined && namespace.annotations[OPENSHIFT_USERS] !== undefined) return { mode: "Assigned" };
  if (forbidsRoot(request, owner)) return guessed;
  return { mode: "Root", user: 0, ...ofGroup };
}

const HARDENING = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
  seccompProfile: { type: "RuntimeDefault" },
};
const BACKUP_CAPABILITIES = ["DAC_OVERRIDE"];
const RESTORE_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER"];

/** What to tell of a container that runs as a user which nobody named. */
export function findUserWarnings({ user, isGuessed }: RunsAs): readonly string[] {
  if (isGuessed === undefined) return [];
  const why = `the container runs as user ${user}, since it may not be root and no other user is named`;
  const next = "set runAsUser in runtimeSettings.container.securityContext or in the pod template to the files' owner";
  return [`${why}: it may be unable to read files of others (next: ${next})`];
}

/** Builds the security context; fields that the user set win, one by one; where root is forbidden, none of them brings it back. */
export function buildSecurityContext(
  { mode, user, group, isGuessed }: RunsAs,
  override: ContainerSecurityContext | undefined,
  role: "backup" | "restore",
): JsonObject {
  const isRoot = mode === "Root";
  const add = role === "restore" ? RESTORE_CAPABILITIES : BACKUP_CAPABILITIES;
  return {
    ...HARDENING,
    ...(user !== undefined && { runAsUser: user, runAsNonRoot: !isRoot }),
    ...(group !== undefined && { runAsGroup: group }),
    ...(isRoot && { capabilities: { add, drop: ["ALL"] } }),
    ...override,
    ...(isGuessed && { runAsUser: user, runAsNonRoot: true }),
  };
}

interface Identity {
  readonly user: number | undefined;
  readonly group: number | undefined;
}

/** The user that runtimeSettings set, else that of the first container that mounts the data, else the pod's. */
function findIdentity({ override, podTemplate }: IdentityRequest, owner: JsonObject | undefined): Identity {
  return {
    user: override?.runAsUser ?? contextNumber(owner, podTemplate, "runAsUser"),
    group: override?.runAsGroup ?? contextNumber(owner, podTemplate, "runAsGroup"),
  };
}

function forbidsRoot({ override, podTemplate }: IdentityRequest, owner: JsonObject | undefined): boolean {
  return (
    override?.runAsNonRoot === true ||
    valueAt(owner, "securityContext", "runAsNonRoot") === true ||
    valueAt(podTemplate, "spec", "securityContext", "runAsNonRoot") === true
  );
}

/** The first container that mounts the data, one that stays before one that comes first; else the first that stays. */
function findOwner(podTemplate: JsonObject, volumeNames: readonly string[]): JsonObject | undefined {
  const initContainers = listAt(podTemplate, "spec", "initContainers");
  let ofInit: JsonObject | undefined;
  let longLived: JsonObject | undefined;
  for (const container of applicationContainers(podTemplate)) {
    const isInit = initContainers.includes(container);
    const isOwner = volumeNames.some((name) => mountsVolume(container, name));
    if (isOwner && !isInit) return container;
    if (isOwner) ofInit ??= container;
    else if (!isInit) longLived ??= container;
  }
  return ofInit ?? longLived;
}

function contextNumber(container: JsonObject | undefined, podTemplate: JsonObject, field: string): number | undefined {
  return numberAt(container, "securityContext", field) ?? numberAt(podTemplate, "spec", "securityContext", field);
}

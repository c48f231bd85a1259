/**
 * Settings of the container that no API server accepts. In an injected container they would freeze the workload: every change of it
 * would be refused, by whomever. What only some clusters refuse is not looked at here.
 */
import type { ContainerSecurityContext } from "../api/kubernetes/pod.ts";
import type { VolumeMount } from "../api/kubernetes/volume.ts";
import type { ContainerSettings, RuntimeSettings } from "../api/runtime-settings.ts";
import type { TempDir } from "../api/temp-dir.ts";
import { textAt, valueAt } from "../json/value.ts";
import { readQuantity } from "../quantity.ts";
import { findEnvFaults, findEnvFromFaults } from "./env.ts";
import { type Finding, fault } from "./finding.ts";
import { findHandlerFaults, findProbeFaults } from "./probes.ts";
import { findResourceFaults } from "./resources.ts";

/** What a member, or a blueprint, says of its container and its mounts. */
export interface ContainerSpec {
  readonly runtimeSettings?: RuntimeSettings | undefined;
  readonly tempDir?: TempDir | undefined;
  readonly target?: { readonly volumeMounts?: readonly VolumeMount[] | undefined } | undefined;
}

/** @param prefix of the fields: `spec.`, or nothing */
export function findContainerFaults({ runtimeSettings, tempDir, target }: ContainerSpec, prefix: string) {
  const isPrivileged = runtimeSettings?.container?.securityContext?.privileged === true;
  return [
    ...findSettingsFaults(runtimeSettings?.container, `${prefix}runtimeSettings.container`),
    ...findIdFaults(runtimeSettings?.pod?.securityContext, `${prefix}runtimeSettings.pod.securityContext`),
    ...findTempDirFaults(tempDir, `${prefix}tempDir`),
    ...(target?.volumeMounts ?? []).flatMap((mount, index) =>
      findMountFaults(mount, `${prefix}target.volumeMounts[${index}]`, isPrivileged),
    ),
  ];
}

function findSettingsFaults(settings: ContainerSettings | undefined, field: string): readonly Finding[] {
  if (settings === undefined) return [];
  const { resources, env, envFrom, securityContext, livenessProbe, readinessProbe, lifecycle } = settings;
  const ofResources = resources === undefined ? [] : findResourceFaults(resources);
  return [
    ...ofResources.map((one) => fault(`${field}.resources.${one.field}`, one.message, one.next)),
    ...(env ?? []).flatMap((variable, index) => findEnvFaults(variable, `${field}.env[${index}]`)),
    ...(envFrom ?? []).flatMap((source, index) => findEnvFromFaults(source, `${field}.envFrom[${index}]`)),
    ...findSecurityFaults(securityContext, `${field}.securityContext`),
    ...findProbeFaults(livenessProbe, `${field}.livenessProbe`, "liveness"),
    ...findProbeFaults(readinessProbe, `${field}.readinessProbe`, "readiness"),
    ...["postStart", "preStop"].flatMap((name) => {
      const handler = valueAt(lifecycle, name);
      return handler === undefined ? [] : findHandlerFaults(handler, `${field}.lifecycle.${name}`);
    }),
  ];
}

const MAX_ID = 2_147_483_647;

function findIdFaults(
  context: { readonly runAsUser?: number; readonly runAsGroup?: number; readonly runAsNonRoot?: boolean } | undefined,
  field: string,
): readonly Finding[] {
  const ids = Object.entries({ runAsUser: context?.runAsUser, runAsGroup: context?.runAsGroup });
  const wrong = ids.filter(([, id]) => id !== undefined && (id < 0 || id > MAX_ID));
  return [
    ...wrong.map(([name, id]) => fault(`${field}.${name}`, `${id} is no id`, `Write 0 to ${MAX_ID}.`)),
    ...(context?.runAsNonRoot === true && context.runAsUser === 0
      ? [fault(`${field}.runAsUser`, "0 is root, which runAsNonRoot forbids", "Write another user, or leave one out.")]
      : []),
  ];
}

/** Ours has `allowPrivilegeEscalation: false` where the user says nothing. */
function findSecurityFaults(context: ContainerSecurityContext | undefined, field: string): readonly Finding[] {
  if (context === undefined) return [];
  const { privileged, allowPrivilegeEscalation, capabilities } = context;
  const mayEscalate = allowPrivilegeEscalation === true;
  const next = "Set allowPrivilegeEscalation to true beside it, or leave it out.";
  return [
    ...findIdFaults(context, field),
    ...(privileged === true && !mayEscalate
      ? [
          fault(
            `${field}.privileged`,
            "can't be true while allowPrivilegeEscalation is false, as it is by default",
            next,
          ),
        ]
      : []),
    ...(capabilities?.add?.includes("CAP_SYS_ADMIN") && !mayEscalate
      ? [fault(`${field}.capabilities.add`, "can't have CAP_SYS_ADMIN while allowPrivilegeEscalation is false", next)]
      : []),
    ...findSeccompFaults(valueAt(context, "seccompProfile"), `${field}.seccompProfile`),
  ];
}

const SECCOMP_TYPES: readonly string[] = ["RuntimeDefault", "Unconfined", "Localhost"];

function findSeccompFaults(profile: unknown, field: string): readonly Finding[] {
  if (profile === undefined) return [];
  const type = textAt(profile, "type") ?? "";
  const file = textAt(profile, "localhostProfile");
  if (!SECCOMP_TYPES.includes(type)) {
    return [fault(`${field}.type`, `${JSON.stringify(type)} is unknown`, `Write ${SECCOMP_TYPES.join(", ")}.`)];
  }
  if ((type === "Localhost") === (file !== undefined && isInside(file))) return [];
  return [
    fault(`${field}.localhostProfile`, "belongs to the type Localhost", "Name a file below the kubelet's folder."),
  ];
}

function findTempDirFaults(tempDir: TempDir | undefined, field: string): readonly Finding[] {
  const { medium = "", sizeLimit } = tempDir ?? {};
  const isKnown = medium === "" || medium === "Memory" || /^HugePages(-[0-9]+[KMGT]i)?$/.test(medium);
  const size = sizeLimit === undefined ? 0 : readQuantity(sizeLimit);
  return [
    ...(isKnown ? [] : [fault(`${field}.medium`, `${JSON.stringify(medium)} is unknown`, "Write Memory, or nothing.")]),
    ...(size === undefined || size < 0
      ? [fault(`${field}.sizeLimit`, `${sizeLimit} is no size`, "Write a quantity such as 2Gi.")]
      : []),
  ];
}

const PROPAGATIONS: readonly string[] = ["None", "HostToContainer", "Bidirectional"];

function findMountFaults(mount: VolumeMount, field: string, isPrivileged: boolean): readonly Finding[] {
  const { mountPath, subPath = "", subPathExpr = "", mountPropagation } = mount;
  const faults: Finding[] = [];
  if (mountPath === "" || mountPath.includes(":")) {
    faults.push(fault(`${field}.mountPath`, `${JSON.stringify(mountPath)} is no path`, "Write one such as /data."));
  }
  for (const [name, path] of Object.entries({ subPath, subPathExpr })) {
    if (isInside(path)) continue;
    const next = "Write a path below the volume's root, without a leading slash.";
    faults.push(fault(`${field}.${name}`, `${JSON.stringify(path)} leads out of the volume`, next));
  }
  if (subPath !== "" && subPathExpr !== "") {
    faults.push(fault(`${field}.subPathExpr`, "stands beside subPath", "Keep one of the two."));
  }
  if (mountPropagation !== undefined && !PROPAGATIONS.includes(mountPropagation)) {
    const next = `Write ${PROPAGATIONS.join(", ")}.`;
    faults.push(fault(`${field}.mountPropagation`, `${mountPropagation} is unknown`, next));
  }
  if (mountPropagation === "Bidirectional" && !isPrivileged) {
    faults.push(fault(`${field}.mountPropagation`, "needs a privileged container", "Write HostToContainer or None."));
  }
  return faults;
}

/** Whether a path stays below the folder that it starts in. */
function isInside(path: string): boolean {
  return !path.startsWith("/") && !path.split("/").includes("..");
}

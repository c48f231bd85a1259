/** The container of one step. Pure. */
import type { VolumeMount } from "../../shared/api/kubernetes/volume.ts";
import type { ContainerSettings } from "../../shared/api/runtime-settings.ts";
import { Env, Volume } from "../../shared/contract.ts";
import { jobResources } from "../../shared/injection/container-resources.ts";
import { buildEnv, buildPassedOn, findScratchLimit } from "../../shared/injection/container-settings.ts";
import { uniteMounts } from "../../shared/injection/mounts.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { appAddress } from "../../shared/target/app-binding.ts";
import { hasCommand } from "./hooks.ts";
import type { JobStep } from "./resolve-steps.ts";
import { stepSecurityContext } from "./security.ts";
import type { JobView } from "./view.ts";
import type { JobVolumes } from "./volumes.ts";

/** A Function's settings under those of the member: fields replace, variables are put in by name. */
function mergeSettings(base: ContainerSettings | undefined, over: ContainerSettings | undefined): ContainerSettings {
  return {
    ...base,
    ...over,
    env: [...(base?.env ?? []), ...(over?.env ?? [])],
    envFrom: [...(base?.envFrom ?? []), ...(over?.envFrom ?? [])],
  };
}

/** What every step learns of its job, whatever its flags say. */
function jobEnv(view: JobView): readonly JsonObject[] {
  const host = view.appBinding === undefined ? undefined : appAddress(view.appBinding).host;
  const values: readonly (readonly [string, string | undefined])[] = [
    [Env.InvokerKind, view.invoker.kind],
    [Env.InvokerName, view.invoker.name],
    [Env.AppHost, host],
    [Env.PodOrdinal, view.verb === "restore" && view.ordinal !== undefined ? String(view.ordinal) : undefined],
  ];
  return values.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

/**
 * @param role init-containers run one after another before the main one, and may have no probes
 */
export function buildStepContainer(
  view: JobView,
  step: JobStep,
  volumes: JobVolumes,
  role: "init" | "main",
): JsonObject {
  const { spec } = step;
  const settings = mergeSettings(spec.runtimeSettings, view.member.spec.runtimeSettings?.container);
  const resources = jobResources(view.settings.resources, view.limitRanges, settings.resources);
  const { livenessProbe, readinessProbe, lifecycle, ...passedOn } = buildPassedOn(settings, resources);
  const command = spec.command ?? (step.isOurs ? view.settings.command : undefined);
  const own = [...volumes.mounts, ...volumes.appMounts, ...memberMounts(view)];
  const mounts = uniteMounts([own, targetMounts(view, spec.volumeMounts ?? [])], []);
  return {
    name: step.name,
    image: step.image,
    imagePullPolicy: "IfNotPresent",
    ...(command !== undefined && { command }),
    ...(spec.args !== undefined && { args: spec.args }),
    ...(spec.workingDir !== undefined && { workingDir: spec.workingDir }),
    ...(spec.ports !== undefined && { ports: spec.ports }),
    ...(spec.volumeDevices !== undefined && { volumeDevices: spec.volumeDevices }),
    env: [...jobEnv(view), ...buildEnv(settings, findScratchLimit(view.member.spec.tempDir, resources))],
    ...passedOn,
    ...(role === "main" && {
      ...(livenessProbe !== undefined && { livenessProbe }),
      ...(readinessProbe !== undefined && { readinessProbe }),
      ...(lifecycle !== undefined && { lifecycle }),
    }),
    volumeMounts: mounts,
    // The last lines of a container that failed become the reason of its host.
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...stepSecurityContext(view, step, settings.securityContext),
  };
}

/** Claims of a restore are mounted where the member says. */
function memberMounts(view: JobView): readonly VolumeMount[] {
  const hasTemplates = view.verb === "restore" && (view.member.target.volumeClaimTemplates ?? []).length > 0;
  return hasTemplates ? (view.member.target.volumeMounts ?? []) : [];
}

/** A backup reads its target; nothing in the job may change it unless the member asks for that, as by a command of a hook in it. */
function targetMounts(view: JobView, mounts: readonly VolumeMount[]): readonly VolumeMount[] {
  if (view.verb === "restore") return mounts;
  const wanted = view.member.target.volumeMounts?.[0];
  const isReadOnly = !(hasCommand(view.member) && view.claim?.accessModes.some((mode) => mode !== "ReadOnlyMany"));
  return mounts.map((mount) =>
    mount.name === Volume.PvcTarget
      ? {
          ...mount,
          readOnly: wanted?.readOnly ?? isReadOnly,
          ...(wanted?.subPath !== undefined && { subPath: wanted.subPath }),
        }
      : mount,
  );
}

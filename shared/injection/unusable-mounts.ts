/** Mounts that the API server takes and no kubelet can make: in our container they would keep the application's pods from starting. */
import type { VolumeMount } from "../api/kubernetes/volume.ts";
import type { ContainerSettings } from "../api/runtime-settings.ts";
import { listAt, textAt } from "../json/value.ts";
import { namesInExpression } from "../target/expression.ts";
import { formatTarget } from "../target/ref.ts";
import { OWN_ENV } from "./container-settings.ts";
import { applicationContainers } from "./own-parts.ts";
import type { InjectionProblem } from "./view.ts";
import type { WorkloadFacts } from "./workload.ts";

export interface MountingSettings {
  readonly volumeMounts: readonly VolumeMount[];
  /** Of the container that mounts. */
  readonly settings: ContainerSettings | undefined;
}

/** A block device that is mounted as a file system, or a sub-path made of a variable that the container does not have. */
export function findUnusableMount(
  workload: WorkloadFacts,
  { volumeMounts, settings }: MountingSettings,
  who: string,
): InjectionProblem | undefined {
  const device = volumeMounts.find(({ name }) => isDevice(workload, name));
  if (device !== undefined) {
    return {
      reason: "MountUnusable",
      message: `${who} mounts ${device.name} at ${device.mountPath}, which ${formatTarget(workload)} uses as a block device`,
      next: "Leave that volume out of volumeMounts: restic saves files. Dump what is on the device into a volume with a file system, by a hook or a Task.",
    };
  }
  // What a ConfigMap or Secret brings is not known here.
  if ((settings?.envFrom ?? []).length > 0) return undefined;
  for (const { name, mountPath, subPathExpr = "" } of volumeMounts) {
    if (subPathExpr === "") continue;
    const known = [...OWN_ENV, ...(settings?.env ?? []).map((variable) => variable.name)];
    const missing = namesInExpression(subPathExpr).filter((variable) => !known.includes(variable));
    if (missing.length === 0) continue;
    return {
      reason: "MountUnusable",
      message: `${who} mounts ${name} at ${mountPath} by subPathExpr ${subPathExpr}, and the backup container has no variable ${missing.join(", ")}`,
      next: "Set it in runtimeSettings.container.env as the application's container has it, or name the folder by subPath.",
    };
  }
  return undefined;
}

/** Whether a container of the application has the volume as a device, or a claim template asks for one. */
function isDevice({ podTemplate, blockClaimNames = [] }: WorkloadFacts, name: string): boolean {
  return (
    blockClaimNames.includes(name) ||
    applicationContainers(podTemplate).some((container) =>
      listAt(container, "volumeDevices").some((device) => textAt(device, "name") === name),
    )
  );
}

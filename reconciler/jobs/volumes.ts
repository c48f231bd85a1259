/** Volumes of a job's pod beside those of its Task, and what they are mounted into. Pure. */
import type { VolumeMount } from "../../shared/api/kubernetes/volume.ts";
import { Path, Volume } from "../../shared/contract.ts";
import { shortHash } from "../../shared/hash.ts";
import { backendVolumes, VOLUME_FILE_MODE } from "../../shared/injection/backend-volume.ts";
import { IDENTITY_MOUNT, IDENTITY_VOLUME, SCRATCH_MOUNT } from "../../shared/injection/container.ts";
import { buildScratchVolume } from "../../shared/injection/container-settings.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { appSecretNames } from "../../shared/target/app-binding.ts";
import type { PlannedClaim } from "./claims.ts";
import type { JobView } from "./view.ts";

export interface JobVolumes {
  readonly volumes: readonly JsonObject[];
  /** For each container. */
  readonly mounts: readonly VolumeMount[];
  /** For containers that speak to the application. */
  readonly appMounts: readonly VolumeMount[];
}

/**
 * Secrets are mounted instead of read: a job needs no right on them. They are optional, so that the agent says what is
 * missing in place of a pod that never starts.
 */
export function buildJobVolumes(view: JobView, claims: readonly PlannedClaim[]): JobVolumes {
  const backend = backendVolumes(view.repository, view.namespace.name);
  const app = view.appBinding === undefined ? [] : appSecretNames(view.appBinding).map(appSecretVolume);
  const made = claims.map(claimVolume);
  const mounted: readonly Mounted[] = [
    ...backend,
    ...made.flatMap(({ mount, volume }) => (mount === undefined ? [] : [{ volume, mount }])),
  ];
  return {
    volumes: [
      buildScratchVolume(view.member.spec.tempDir),
      IDENTITY_VOLUME,
      ...[...backend, ...app].map(({ volume }) => volume),
      ...made.map(({ volume }) => volume),
    ],
    mounts: [SCRATCH_MOUNT, IDENTITY_MOUNT, ...mounted.map(({ mount }) => mount)],
    appMounts: app.map(({ mount }) => mount),
  };
}

interface Mounted {
  readonly volume: JsonObject;
  readonly mount: VolumeMount;
}

function appSecretVolume(secretName: string): Mounted {
  const name = `${Volume.AppSecretPrefix}${shortHash(secretName)}`;
  return {
    volume: { name, secret: { secretName, defaultMode: VOLUME_FILE_MODE, optional: true } },
    mount: { name, mountPath: `${Path.AppSecrets}/${secretName}`, readOnly: true },
  };
}

function claimVolume({ volumeName, claim, mountPath }: PlannedClaim) {
  return {
    volume: { name: volumeName, persistentVolumeClaim: { claimName: claim.metadata.name } },
    mount: mountPath === undefined ? undefined : { name: volumeName, mountPath },
  };
}

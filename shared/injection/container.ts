/** The injected containers and their volumes, in the form in which the API server stores them, without the image. */
import type { VolumeMount } from "../api/kubernetes/volume.ts";
import type { Repository } from "../api/repository.ts";
import { Command, Container, Path, Volume } from "../contract.ts";
import { formatInvoker } from "../invoker.ts";
import { backendVolumes, type MountedVolume, VOLUME_FILE_MODE } from "./backend-volume.ts";
import {
  buildEnv,
  buildPassedOn,
  buildScratchVolume,
  chooseSettings,
  type MemberSettings,
  reservedEnvIn,
} from "./container-settings.ts";
import { uniteMounts } from "./mounts.ts";
import { buildSecurityContext, decideRunsAs } from "./security-context.ts";
import type { InjectionView } from "./view.ts";
import type { JsonObject } from "./workload.ts";

/** What a container is built from: one entry a member, oldest invoker first. */
export interface Ingredient {
  readonly invoker: { readonly kind: string; readonly namespace: string; readonly name: string };
  readonly repository: Repository | undefined;
  readonly spec: MemberSettings;
  readonly volumeMounts: readonly VolumeMount[];
}

export interface BuiltContainer {
  /** Without `image` and `args`; its `command` goes with the image. */
  readonly container: JsonObject;
  readonly args: readonly string[];
  readonly volumes: readonly JsonObject[];
  readonly warnings: readonly string[];
  /** What the container was built from, and that a running pod can't learn later. The hash is made of this. */
  readonly origin: JsonObject;
}

/** Builds the container for members of which there is at least one. */
export function buildContainer(
  view: InjectionView,
  ingredients: readonly [Ingredient, ...Ingredient[]],
  role: "backup" | "restore",
): BuiltContainer {
  const { workload, namespace, settings } = view;
  const [oldest] = ingredients;
  const chosen = chooseSettings(ingredients.map(({ spec }) => spec));
  const backends = uniteBackends(ingredients, namespace.name);
  const fixed = [SCRATCH_MOUNT, IDENTITY_MOUNT, ...backends.mounts];
  const united = uniteMounts(
    ingredients.map(({ volumeMounts }) => volumeMounts),
    fixed.map(({ mountPath }) => mountPath),
  );
  const override = chosen.container?.securityContext;
  const volumeNames = united.mounts.map(({ name }) => name);
  const runsAs = decideRunsAs({ podTemplate: workload.podTemplate, namespace, volumeNames, override });
  const isBackup = role === "backup";
  return {
    container: {
      name: isBackup ? Container.Sidecar : Container.RestoreInit,
      ...(settings.command !== undefined && { command: settings.command }),
      env: buildEnv(chosen.container),
      ...buildPassedOn(chosen.container),
      volumeMounts: [...fixed, ...united.mounts],
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      securityContext: buildSecurityContext(runsAs, override, role),
      ...(isBackup && settings.nativeSidecar && { restartPolicy: "Always" }),
    },
    args: [isBackup ? Command.RunBackup : Command.Restore, ...identityArgs(oldest, view)],
    volumes: [buildScratchVolume(chosen.tempDir), IDENTITY_VOLUME, ...backends.volumes],
    origin: {
      isNative: isBackup && settings.nativeSidecar,
      settings: chosen.container,
      scratch: buildScratchVolume(chosen.tempDir),
      mounts: united.mounts,
      backends: backends.origins,
      runsAs,
    },
    warnings: [
      ...chosen.contradictions.map(
        (field) =>
          `several invokers name the workload with different ${field}: that of ${formatInvoker(oldest.invoker)} counts`,
      ),
      ...[...united.contested, ...backends.contested].map(
        (path) => `mount path ${path} is wanted twice: the first use counts`,
      ),
      ...reservedEnvIn(chosen.container).map(
        (name) => `runtimeSettings can't set ${name}: the agent needs it for itself`,
      ),
    ],
  };
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
  readonly contested: readonly string[];
}

/** Each Secret and each local volume once, however many members use it. */
function uniteBackends(ingredients: readonly Ingredient[], namespace: string): UnitedBackends {
  const all: MountedVolume[] = ingredients.flatMap(({ repository }) =>
    repository === undefined ? [] : backendVolumes(repository, namespace),
  );
  const { mounts, contested } = uniteMounts([all.map(({ mount }) => mount)], []);
  const kept = mounts.flatMap((mount) => all.find((one) => one.mount === mount) ?? []);
  const volumes = new Map(kept.map(({ volume, mount }) => [mount.name, volume]));
  return { volumes: [...volumes.values()], origins: kept.map(({ origin }) => origin), mounts, contested };
}

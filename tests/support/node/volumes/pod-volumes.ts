/** The volumes of one pod as folders of this machine, kept current while the pod lives. */
import { chmod, chown, mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { V1Pod, V1Volume } from "@kubernetes/client-node";
import type { KubeApi } from "../api/kube-api.ts";
import type { ObjectReader } from "../pod/container-env.ts";
import { type PodFacts, parseQuantity } from "../pod/field-refs.ts";
import type { MemoryVolume } from "../sandbox/pod-sandbox.ts";
import { type VolumeFiles, writeAtomicFolder } from "./atomic-folder.ts";
import { readClaimPath } from "./claim-path.ts";
import { prepareHostPath } from "./host-path.ts";
import { PodTokens } from "./pod-tokens.ts";
import { gatherVolumeFiles } from "./projected-files.ts";

const RETRY_MS = 500;

export interface PreparedVolume {
  readonly path: string;
  /** Whether mounts are read-only whatever they say, as those of Secrets are. */
  readonly readOnly: boolean;
}

/** emptyDir volumes in memory: the pod's sandbox mounts them. */
export function listMemoryVolumes(pod: V1Pod, volumesDir: string): readonly MemoryVolume[] {
  const gid = pod.spec?.securityContext?.fsGroup;
  return (pod.spec?.volumes ?? [])
    .filter((volume) => volume.emptyDir?.medium === "Memory")
    .map((volume) => ({
      folder: join(volumesDir, volume.name),
      ...(volume.emptyDir?.sizeLimit === undefined ? {} : { sizeBytes: parseQuantity(volume.emptyDir.sizeLimit) }),
      ...(gid === undefined ? {} : { gid }),
    }));
}

export interface VolumeContext {
  readonly api: KubeApi;
  readonly reader: ObjectReader;
  readonly facts: PodFacts;
}

export class PodVolumes {
  readonly #context: VolumeContext;
  readonly #dir: string;
  readonly #prepared = new Map<string, PreparedVolume>();
  /** What was last written to each projected volume, to leave it alone when nothing changed. */
  readonly #written = new Map<string, string>();
  readonly #tokens: PodTokens;

  /** @param dir folder for the pod's own volumes */
  constructor(context: VolumeContext, dir: string) {
    this.#context = context;
    this.#tokens = new PodTokens(context.api);
    this.#dir = dir;
  }

  get(name: string): PreparedVolume | undefined {
    return this.#prepared.get(name);
  }

  /** Makes every volume ready; those that are stay as they are. @throws Error naming the volume that cannot be */
  async prepare(pod: V1Pod): Promise<void> {
    for (const volume of pod.spec?.volumes ?? []) {
      if (this.#prepared.has(volume.name)) continue;
      try {
        this.#prepared.set(volume.name, await this.#prepareOne(pod, volume));
      } catch (error) {
        throw new Error(`volume "${volume.name}": ${error instanceof Error ? error.message : error}`);
      }
    }
  }

  /** Writes the files of prepared volumes anew where they changed. @throws Error as prepare does */
  async refresh(pod: V1Pod): Promise<void> {
    for (const volume of pod.spec?.volumes ?? []) {
      if (this.#prepared.has(volume.name)) await this.#writeProjected(pod, volume);
    }
  }

  /** Whether a token is due for renewal. */
  isDue(now: number): boolean {
    return this.#tokens.isDue(now);
  }

  async #prepareOne(pod: V1Pod, volume: V1Volume): Promise<PreparedVolume> {
    const own = join(this.#dir, volume.name);
    const { emptyDir, hostPath, persistentVolumeClaim: claim } = volume;
    if (emptyDir) {
      // The sandbox has mounted a tmpfs there in the pod's own view; in this one the folder stays empty.
      await mkdir(own, { recursive: true });
      if (emptyDir.medium !== "Memory") await openForGroup(own, pod.spec?.securityContext?.fsGroup);
      return { path: own, readOnly: false };
    }
    if (hostPath) return { path: await prepareHostPath(hostPath.path, hostPath.type ?? ""), readOnly: false };
    if (claim) {
      const folder = await readClaimPath(this.#context.api, pod.metadata?.namespace ?? "", claim.claimName);
      await mkdir(folder, { recursive: true });
      return { path: await realpath(folder), readOnly: claim.readOnly === true };
    }
    if (await this.#writeProjected(pod, volume)) return { path: own, readOnly: true };
    throw new Error("this kind of volume is not supported here");
  }

  /** @returns false when the volume is of another kind */
  async #writeProjected(pod: V1Pod, volume: V1Volume): Promise<boolean> {
    const { secret, configMap, downwardAPI, projected } = volume;
    if (!secret && !configMap && !downwardAPI && !projected) return false;
    const files = await gatherVolumeFiles({ ...this.#context, tokens: this.#tokens }, pod, volume);
    if (files === undefined) return false;
    const fingerprint = formatFiles(files);
    if (this.#written.get(volume.name) === fingerprint) return true;
    await writeAtomicFolder(join(this.#dir, volume.name), files, pod.spec?.securityContext?.fsGroup);
    this.#written.set(volume.name, fingerprint);
    return true;
  }
}

/**
 * Prepares the volumes as soon as all they need is there, or returns when the signal ends the wait.
 *
 * @param onProblem gets each reason to wait once
 */
export async function untilPrepared(
  volumes: PodVolumes,
  pod: () => V1Pod,
  signal: AbortSignal,
  onProblem: (message: string) => void,
): Promise<void> {
  for (let told = ""; !signal.aborted; await delay(RETRY_MS, undefined, { signal }).catch(() => undefined)) {
    try {
      await volumes.prepare(pod());
      return;
    } catch (error) {
      const message = error instanceof Error ? error.message : `${error}`;
      if (message !== told) onProblem(message);
      told = message;
    }
  }
}

async function openForGroup(folder: string, gid: number | undefined): Promise<void> {
  if (gid !== undefined) await chown(folder, 0, gid);
  await chmod(folder, gid === undefined ? 0o777 : 0o2777);
}

function formatFiles(files: VolumeFiles): string {
  return JSON.stringify([...files].map(([path, { data, mode }]) => [path, data.toString("base64"), mode]));
}

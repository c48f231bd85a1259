/** The pods of a restore's namespace as they were looked at last, ready to be asked who else mounts what a pod restores. */
import { claimKey, isSameVolume, type MountingPod } from "./mounting-pod.ts";

/** A DaemonSet's pods mount the same folder on thousands of nodes. */
function placeKey(key: string, node: string | undefined): string {
  return `${key}@${node ?? ""}`;
}

/** How long what was seen counts: what comes later than that is not known of. */
const FRESH_MS = 1_000;
/** Of a namespace of thousands, looking takes so long that it must not be done all the time. */
const REST_FACTOR = 10;
const LONGEST_FRESH_MS = 30_000;

export class SeenPods {
  readonly #sought: ReadonlySet<string>;
  readonly #byUid: ReadonlyMap<string, MountingPod>;
  readonly #byVolume = new Map<string, MountingPod[]>();
  readonly #atMs: number;
  readonly #freshMs: number;

  /**
   * @param pods all that have not ended
   * @param soughtUids for whom it was looked
   * @param atMs when the look ended, by the steady clock
   * @param tookMs how long it took
   */
  constructor(pods: readonly MountingPod[], soughtUids: readonly string[], atMs: number, tookMs: number) {
    this.#sought = new Set(soughtUids);
    this.#byUid = new Map(pods.map((pod) => [pod.uid, pod]));
    this.#atMs = atMs;
    this.#freshMs = Math.min(Math.max(FRESH_MS, tookMs * REST_FACTOR), LONGEST_FRESH_MS);
    for (const pod of pods) {
      for (const key of new Set(pod.volumes.map(({ key, node }) => placeKey(key, node)))) {
        const others = this.#byVolume.get(key);
        if (others === undefined) this.#byVolume.set(key, [pod]);
        else others.push(pod);
      }
    }
  }

  /** Whether to go by it. Who came later is not known of; who was looked for and is not there is looked for again after a while. */
  isFresh(monotonicMs: number, uid?: string): boolean {
    const ageMs = monotonicMs - this.#atMs;
    if (uid === undefined || this.#byUid.has(uid)) return ageMs <= this.#freshMs;
    return this.#sought.has(uid) && ageMs <= FRESH_MS;
  }

  get(uid: string): MountingPod | undefined {
    return this.#byUid.get(uid);
  }

  list(): Iterable<MountingPod> {
    return this.#byUid.values();
  }

  /** Pods that mount a claim. */
  mounting(claim: string): readonly MountingPod[] {
    return this.#byVolume.get(placeKey(claimKey(claim), undefined)) ?? [];
  }

  /** Other pods that mount what the pod restores, with the words for the first such volume. */
  sharing(pod: MountingPod): readonly { readonly pod: MountingPod; readonly words: string }[] {
    const found = new Map<string, { readonly pod: MountingPod; readonly words: string }>();
    for (const volume of pod.restored) {
      const here = this.#byVolume.get(placeKey(volume.key, volume.node)) ?? [];
      // A pod that no node has taken yet may come to this one.
      const nowhere = volume.node === undefined ? [] : (this.#byVolume.get(placeKey(volume.key, undefined)) ?? []);
      for (const other of [...here, ...nowhere]) {
        if (other.uid === pod.uid || found.has(other.uid)) continue;
        if (other.volumes.some((one) => isSameVolume(one, volume)))
          found.set(other.uid, { pod: other, words: volume.words });
      }
    }
    return [...found.values()];
  }
}

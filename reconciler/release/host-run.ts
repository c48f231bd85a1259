/** The host run that tells a waiting pod without a turn whether its application may start. Pure. */
import { ReleaseMode } from "../../shared/api/closed-lists.ts";
import type { HostRun } from "../../shared/api/host-run.ts";
import { shortHash } from "../../shared/hash.ts";
import { nameWithSuffix } from "../../shared/names.ts";
import type { RestoreObject } from "../restore/status.ts";
import { buildHostRun, type HostRunChange } from "../run/host-runs.ts";
import type { PodObject } from "../world/pod-object.ts";

export type Release = NonNullable<HostRun["spec"]["release"]>;
type WaitingPod = Pick<PodObject, "name" | "namespace" | "uid"> & {
  readonly restoreInit?: Pick<NonNullable<PodObject["restoreInit"]>, "serves" | "target"> | undefined;
};

export function releaseName(pod: Pick<PodObject, "name" | "uid">): string {
  return nameWithSuffix(pod.name, shortHash(`release/${pod.uid}`));
}

/** Whether the pod is only held: it may be let go later. */
export function isHold({ spec }: HostRun): boolean {
  return spec.release?.mode === ReleaseMode.Never;
}

/**
 * @param restore that the pod waits for; there may be none any more
 * @param known what the pod was told before
 */
export function releaseChange(
  pod: WaitingPod,
  restore: RestoreObject | undefined,
  known: HostRun | undefined,
  release: Release,
): HostRunChange {
  if (known !== undefined) {
    return { kind: "patch", name: known.metadata.name, uid: known.metadata.uid ?? "", spec: { release } };
  }
  const [kind = "", name = ""] = (pod.restoreInit?.serves ?? "").split("/");
  const uid = restore?.metadata.uid;
  // It belongs to the pod: there may be no restore.
  const owner = { apiVersion: "v1", kind: "Pod", namespace: pod.namespace, name: pod.name, uid: pod.uid };
  const object = buildHostRun(owner, {
    name: releaseName(pod),
    spec: {
      work: "Restore",
      run: { kind, name, ...(uid !== undefined && { uid }) },
      ...(pod.restoreInit?.target !== undefined && { target: pod.restoreInit.target }),
      // An empty text is none for servers of 1.20.
      host: pod.name,
      pod: { name: pod.name, uid: pod.uid },
      release,
    },
  });
  return { kind: "create", object };
}

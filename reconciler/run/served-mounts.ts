/** Whether our container in a pod has a member's volumes where the member wants them: two members may want one place. Pure. */
import type { VolumeMount } from "../../shared/api/kubernetes/volume.ts";
import { normalPath } from "../../shared/paths.ts";

export type MountFact = Pick<VolumeMount, "name" | "mountPath" | "subPath" | "subPathExpr">;

function isSame(a: MountFact, b: MountFact): boolean {
  return (
    normalPath(a.mountPath) === normalPath(b.mountPath) &&
    a.name === b.name &&
    (a.subPath ?? "") === (b.subPath ?? "") &&
    (a.subPathExpr ?? "") === (b.subPathExpr ?? "")
  );
}

/**
 * The first mount that the member wants and the container lacks, or has of something else.
 *
 * @param present undefined where nobody knows
 */
export function missingMount(
  wanted: readonly MountFact[],
  present: readonly MountFact[] | undefined,
): MountFact | undefined {
  if (present === undefined) return undefined;
  return wanted.find((mount) => !present.some((one) => isSame(one, mount)));
}

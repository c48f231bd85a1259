/**
 * A sidecar serves several members, and two of them may want the same place in it. Who does not have it is not saved from another's volume,
 * nor into another's repository. Pure; what counts is what the pod really mounts.
 */
import { findCovered, wantedPlaces } from "../../shared/injection/contested.ts";
import type { TargetEntry } from "../run/entries.ts";
import { OPEN_GATE, type TurnGate } from "../run/turn-gate.ts";
import type { PodFact } from "../run/world.ts";
import { memberOf, type SessionView } from "./view.ts";

/**
 * Open where no place that the member names holds another volume in the pod. A place where nothing is mounted is no obstacle: then the
 * agent finds no such path, and says so.
 */
export function volumeGate(
  view: SessionView,
  target: TargetEntry,
  { sidecar, name }: Pick<PodFact, "sidecar" | "name">,
): TurnGate {
  const mounts = sidecar?.mounts;
  const member = memberOf(view, target);
  if (mounts === undefined || member === undefined) return OPEN_GATE;
  const { namespace } = view.object.metadata;
  const wanted = wantedPlaces(view.repository, namespace, member.target.volumeMounts ?? []);
  const lost = wanted.find(({ path, source }) => mounts.has(path) && mounts.get(path) !== source);
  const covered = findCovered(wanted, mounts);
  if (lost === undefined && covered !== undefined) {
    return closed(
      `pod ${name} has volume ${covered.volume} of another member at ${covered.path}, over a folder of volume ${covered.wanted.volume} at ${covered.wanted.mountPath} (next: give one of the volumes a mountPath outside of the other's, in volumeMounts and in paths, or mount both in this member)`,
    );
  }
  if (lost === undefined) return OPEN_GATE;
  return closed(
    `pod ${name} has another volume than ${lost.volume} at ${lost.mountPath}: another member of the workload has the place (next: give the volume another mountPath, in volumeMounts and in paths)`,
  );
}

function closed(message: string): TurnGate {
  return { kind: "closed", code: "TARGET_INVALID", message };
}

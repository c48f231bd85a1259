/** A restore with all that its records keep, from the informers. */
import { recordedIn } from "../run/records.ts";
import { runOwnerOf } from "../run/view.ts";
import { wholeStatus } from "../run/whole-status.ts";
import { hostRunsOf } from "../world/host-runs.ts";
import type { World } from "../world/informers.ts";
import { type RestoreObject, type RestoreStatus, readRestoreStatus } from "./status.ts";

export function wholeRestoreStatus(world: Pick<World, "hostRuns">, stored: RestoreObject): RestoreStatus {
  const status = readRestoreStatus(stored);
  const owner = runOwnerOf(stored);
  const known = status.records === undefined ? new Map() : hostRunsOf(world, owner.namespace, owner.uid);
  return wholeStatus(status, recordedIn(owner, status.records, known), "restore");
}

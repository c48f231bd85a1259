/** A session with all that its records keep, from the informers. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { recordedIn } from "../run/records.ts";
import { runOwnerOf } from "../run/view.ts";
import { wholeStatus } from "../run/whole-status.ts";
import { hostRunsOf } from "../world/host-runs.ts";
import type { World } from "../world/informers.ts";

export function wholeSession(world: Pick<World, "hostRuns">, stored: BackupSession): BackupSession {
  const { status } = stored;
  if (status?.records === undefined) return stored;
  const owner = runOwnerOf(stored);
  const recorded = recordedIn(owner, status.records, hostRunsOf(world, owner.namespace, owner.uid));
  return { ...stored, status: wholeStatus(status, recorded, "backup") };
}

/** Ids of restic's snapshots as people and programs name them. What is none would reach restic's command line as something else. */
import { UserError } from "../errors.ts";

const ID = /^[0-9a-f]{1,64}$/;

/** Whether it is an id, or the beginning of one. */
export function isSnapshotId(text: string): boolean {
  return ID.test(text);
}

/** @throws UserError INVALID_OBJECT that names the field */
export function requireSnapshotId(text: string, field: string): void {
  if (isSnapshotId(text)) return;
  throw new UserError("INVALID_OBJECT", `${field}: ${JSON.stringify(text.slice(0, 80))} is no id of a snapshot`, {
    next: "Write the id as restic does: up to 64 of 0-9 and a-f.",
  });
}

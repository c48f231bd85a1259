/** What the status of a large run leaves out: every object stays small enough for those who watch it. */
import { count, flag, longList, nameText, object, optional, type Value } from "./schema.ts";

/** Of a target: how many of its hosts and hooks are not listed. The listed ones say which place they have. */
export const unlistedSchema = object({
  succeeded: optional(count, "Hosts that succeeded."),
  failed: optional(count, "Hosts that failed."),
  running: optional(count, "Hosts at work."),
  pending: optional(count, "Hosts that wait."),
  hooks: optional(count, "Hooks."),
  details: optional(flag, "Conditions and texts of the target."),
});
export type Unlisted = Value<typeof unlistedSchema>;

/** Of a run's status: where that is. */
export const recordProperties = {
  records: optional(
    longList(nameText),
    "Host runs that keep what is not listed here, by the last part of their names, the oldest first.",
  ),
  unlistedSnapshots: optional(count, "Snapshots of the recovery point that are not listed."),
};

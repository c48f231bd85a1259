/** All snapshots of one session: what an application can be taken back to. */
import { list, object, optional, text, time, type Value } from "./schema.ts";
import { targetRefSchema } from "./target.ts";

const origin = {
  session: optional(text, "BackupSession that made it."),
  time: optional(time, "When that session was due or was made."),
};

export const recoveryPointRefSchema = object(origin);
export type RecoveryPointRef = Value<typeof recoveryPointRefSchema>;

/** The recovery point that a restore settled on, with the snapshots that it reads. */
export const chosenRecoveryPointSchema = object({
  ...origin,
  snapshots: optional(
    list(
      object({
        target: optional(targetRefSchema),
        hostname: optional(text),
        path: optional(text),
        id: optional(text),
      }),
    ),
    "Snapshots that belong to it.",
  ),
});
export type ChosenRecoveryPoint = Value<typeof chosenRecoveryPointSchema>;

import { restoreHostStatsSchema } from "./host-stats.ts";
import { restoreChoiceProperties, restoreStatusProperties } from "./invoker.ts";
import { KINDS } from "./kinds.ts";
import { restoreMemberProperties } from "./member.ts";
import { objectMetaSchema, typeMeta } from "./object-meta.ts";
import { observedStatus } from "./observed-status.ts";
import { parserOf } from "./parse.ts";
import { int32, list, longList, nameText, object, optional, type Value } from "./schema.ts";
import { ruleSchema } from "./target.ts";
import { unlistedSchema } from "./unlisted.ts";

export const restoreSessionSchema = object({
  ...typeMeta(KINDS.RestoreSession),
  metadata: objectMetaSchema,
  spec: object({
    ...restoreMemberProperties,
    ...restoreChoiceProperties,
    rules: optional(list(ruleSchema), "Deprecated: write target.rules."),
  }),
  status: observedStatus({
    ...restoreStatusProperties,
    alias: optional(nameText, "Alias of the target."),
    totalHosts: optional(int32, "How many hosts must report."),
    stats: optional(longList(restoreHostStatsSchema), "One entry a host."),
    unlisted: optional(unlistedSchema, "What is left out here because there is so much of it."),
  }),
});
export type RestoreSession = Value<typeof restoreSessionSchema>;
export type RestoreSessionStatus = NonNullable<RestoreSession["status"]>;

/** Reads a RestoreSession. @throws UserError INVALID_OBJECT naming the fields */
export const parseRestoreSession = parserOf(KINDS.RestoreSession, restoreSessionSchema);

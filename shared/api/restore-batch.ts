import { RestoreMemberPhase } from "./closed-lists.ts";
import { conditionsSchema } from "./condition.ts";
import { hookResultSchema } from "./hook-result.ts";
import { restoreHooksSchema } from "./hooks.ts";
import { restoreHostStatsSchema } from "./host-stats.ts";
import { executionOrder, restoreChoiceProperties, restoreStatusProperties } from "./invoker.ts";
import { KINDS } from "./kinds.ts";
import { restoreMemberSchema } from "./member.ts";
import { objectMetaSchema, typeMeta } from "./object-meta.ts";
import { observedStatus } from "./observed-status.ts";
import { parserOf } from "./parse.ts";
import { int32, list, longList, nameText, object, oneOf, optional, required, text, type Value } from "./schema.ts";
import { targetRefSchema } from "./target.ts";
import { unlistedSchema } from "./unlisted.ts";

export const restoreMemberStatusSchema = object({
  ref: required(targetRefSchema, "Which member."),
  alias: optional(nameText, "Its alias."),
  totalHosts: optional(int32, "How many hosts must report."),
  phase: optional(oneOf(RestoreMemberPhase), "How far the member is."),
  reason: optional(text, "Error code."),
  message: optional(text, "Why it waits or failed."),
  stats: optional(longList(restoreHostStatsSchema), "One entry a host."),
  hooks: optional(longList(hookResultSchema), "Hooks of the member that the reconciler ran."),
  conditions: optional(conditionsSchema, "What was found out about the member."),
  unlisted: optional(unlistedSchema, "What is left out here because there is so much of it."),
});
export type RestoreMemberStatus = Value<typeof restoreMemberStatusSchema>;

export const restoreBatchSchema = object({
  ...typeMeta(KINDS.RestoreBatch),
  metadata: objectMetaSchema,
  spec: object({
    ...restoreChoiceProperties,
    members: optional(list(restoreMemberSchema), "The parts of the application."),
    executionOrder,
    hooks: optional(restoreHooksSchema, "What runs before the first and after the last member."),
  }),
  status: observedStatus({
    ...restoreStatusProperties,
    members: optional(list(restoreMemberStatusSchema), "One entry a member."),
  }),
});
export type RestoreBatch = Value<typeof restoreBatchSchema>;
export type RestoreBatchStatus = NonNullable<RestoreBatch["status"]>;

/** Reads a RestoreBatch. @throws UserError INVALID_OBJECT naming the fields */
export const parseRestoreBatch = parserOf(KINDS.RestoreBatch, restoreBatchSchema);

import { ConditionSeverity, ConditionStatus } from "./closed-lists.ts";
import { int64, listByKey, object, oneOf, optional, required, text, time, type Value } from "./schema.ts";

const conditionSchema = object({
  type: required(text, "What the condition is about."),
  status: required(oneOf(ConditionStatus), "Whether it holds."),
  lastTransitionTime: required(time, "When status, reason or message last changed."),
  observedGeneration: optional(int64, "Generation of the object that the condition was found for."),
  severity: optional(oneOf(ConditionSeverity), "How grave it is when it does not hold."),
  reason: optional(text, "One word for programs."),
  message: optional(text, "One sentence for people."),
});
export type Condition = Value<typeof conditionSchema>;

/** One condition of each type. */
export const conditionsSchema = listByKey(conditionSchema, "type");

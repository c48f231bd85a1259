import { list, openObject, optional, stringMap, text, type Value } from "../schema.ts";

export const labelSelectorSchema = openObject({
  matchLabels: optional(stringMap),
  matchExpressions: optional(list(openObject({ key: text, operator: text, values: optional(list(text)) }))),
});
export type LabelSelector = Value<typeof labelSelectorSchema>;

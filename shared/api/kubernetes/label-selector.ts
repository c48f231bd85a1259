import { list, openObject, optional, required, stringMap, text, type Value } from "../schema.ts";

export const labelSelectorSchema = openObject({
  matchLabels: optional(stringMap, "Labels that must be there, with these values."),
  matchExpressions: optional(
    list(
      openObject({
        key: required(text, "Key of the label."),
        operator: required(text, "In, NotIn, Exists or DoesNotExist."),
        values: optional(list(text), "Values that are compared; none with Exists and DoesNotExist."),
      }),
    ),
    "Conditions on labels; all must hold.",
  ),
});
export type LabelSelector = Value<typeof labelSelectorSchema>;

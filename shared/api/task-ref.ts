/** The Task that a member runs, with its parameters. */
import { list, nameText, object, optional, required, text, type Value } from "./schema.ts";

export const paramSchema = object({
  name: required(nameText, "Name of the variable."),
  value: required(text, "Its value."),
});

export const taskRefSchema = object({
  name: optional(nameText, "Name of the Task."),
  params: optional(list(paramSchema), "Values for the variables of the Task's Functions."),
});
export type TaskRef = Value<typeof taskRefSchema>;

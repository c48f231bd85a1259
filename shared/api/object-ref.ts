/** References to other objects. */
import { object, optional, required, text, type Value } from "./schema.ts";

export const repositoryRefSchema = object({
  name: required(text, "Name of the Repository."),
  namespace: optional(text, "Its namespace; the referring object's when empty."),
});
export type RepositoryRef = Value<typeof repositoryRefSchema>;

export const typedObjectRefSchema = object({
  apiGroup: optional(text),
  kind: optional(text),
  namespace: optional(text),
  name: text,
});
export type TypedObjectRef = Value<typeof typedObjectRefSchema>;

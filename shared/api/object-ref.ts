/** References to other objects. */
import { namespaceText, nameText, object, optional, required, type Value } from "./schema.ts";

export const repositoryRefSchema = object({
  name: required(nameText, "Name of the Repository."),
  namespace: optional(namespaceText, "Its namespace; the referring object's when empty."),
});
export type RepositoryRef = Value<typeof repositoryRefSchema>;

export const typedObjectRefSchema = object({
  apiGroup: optional(nameText),
  kind: optional(nameText),
  namespace: optional(namespaceText),
  name: nameText,
});
export type TypedObjectRef = Value<typeof typedObjectRefSchema>;

/** References to other objects. */
import { namespaceText, nameText, object, optional, required, type Value } from "./schema.ts";

export const repositoryRefSchema = object({
  name: required(nameText, "Name of the Repository."),
  namespace: optional(namespaceText, "Its namespace; the referring object's when empty."),
});

export const typedObjectRefSchema = object({
  apiGroup: optional(nameText, "API group of the object."),
  kind: optional(nameText, "Its kind."),
  namespace: optional(namespaceText, "Its namespace."),
  name: required(nameText, "Its name."),
});
export type TypedObjectRef = Value<typeof typedObjectRefSchema>;

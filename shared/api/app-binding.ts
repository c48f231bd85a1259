import * as Type from "typebox/type";
import { KINDS } from "./kinds.ts";
import { objectMetaSchema, typeMeta } from "./object-meta.ts";
import { typedObjectRefSchema } from "./object-ref.ts";
import { parserOf } from "./parse.ts";
import {
  defaulted,
  flag,
  int32,
  list,
  namespaceText,
  nameText,
  object,
  openObject,
  optional,
  required,
  text,
  type Value,
} from "./schema.ts";

export const appSecretRefSchema = object({
  apiGroup: optional(nameText, "API group; empty for a Secret."),
  kind: defaulted(nameText, "Secret", "Kind that holds the credentials."),
  name: required(nameText, "Its name."),
});

const addonTaskSchema = openObject({
  name: optional(nameText, "Name of the Task."),
  params: optional(
    list(openObject({ name: required(text, "Name of the variable."), value: required(text, "Its value.") })),
    "Values for the variables of its Functions.",
  ),
});

/** Addon parameters: a whole object of a kind that the addon owns. Only what we read is named. */
const appParametersSchema = Type.Object(
  {
    apiVersion: optional(nameText, "API version of the parameters."),
    kind: optional(nameText, "Their kind."),
    stash: optional(
      openObject({
        addon: optional(
          openObject({
            backupTask: optional(addonTaskSchema, "Task that backs the application up."),
            restoreTask: optional(addonTaskSchema, "Task that restores it."),
          }),
          "What works on the application.",
        ),
      }),
      "What is for backups.",
    ),
  },
  { "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
);

export const secretTransformSchema = object({
  renameKey: optional(object({ from: required(text, "Old key."), to: required(text, "New key.") }), "Renames a key."),
  addKey: optional(
    object({
      key: required(text, "Key to add."),
      value: optional(Type.String({ format: "byte" }), "Its value in base64."),
      stringValue: optional(text, "Its value as text; wins over value."),
    }),
    "Adds a key.",
  ),
  addKeysFrom: optional(
    object({
      secretRef: optional(
        openObject({ name: optional(nameText, "Its name, in the same namespace.") }),
        "Secret whose keys are added.",
      ),
    }),
    "Adds all keys of another Secret.",
  ),
  removeKey: optional(object({ key: required(text, "Key to remove.") }), "Removes a key."),
});
export type SecretTransform = Value<typeof secretTransformSchema>;

export const clientConfigSchema = object({
  url: optional(text, "URL, or a MySQL data source name."),
  service: optional(
    object({
      scheme: required(text, "Scheme of the URL."),
      namespace: optional(namespaceText, "Namespace of the Service; the AppBinding's when empty."),
      name: required(nameText, "Name of the Service."),
      port: required(int32, "Port of the Service."),
      path: optional(text, "Path of the URL."),
      query: optional(text, "Query of the URL."),
    }),
    "A Service in the cluster.",
  ),
  insecureSkipTLSVerify: optional(flag, "Accepts any certificate."),
  caBundle: optional(Type.String({ format: "byte" }), "Certificates to trust, PEM in base64."),
  serverName: optional(text, "Name that the server's certificate must carry."),
});

export const appBindingSchema = object({
  ...typeMeta(KINDS.AppBinding),
  metadata: objectMetaSchema,
  spec: object({
    type: optional(text, "Type of the application, group/resource."),
    version: optional(text, "Version of the application."),
    appRef: optional(typedObjectRefSchema, "Object behind the binding."),
    clientConfig: required(clientConfigSchema, "How the application is reached."),
    secret: optional(appSecretRefSchema, "Credentials."),
    secretTransforms: optional(list(secretTransformSchema), "Changes to the credentials before they are used."),
    parameters: optional(appParametersSchema, "Addon parameters."),
    tlsSecret: optional(appSecretRefSchema, "Client certificate."),
  }),
});
export type AppBinding = Value<typeof appBindingSchema>;
export type AppBindingSpec = AppBinding["spec"];

/** Reads an AppBinding. @throws UserError INVALID_OBJECT naming the fields */
export const parseAppBinding = parserOf(KINDS.AppBinding, appBindingSchema);

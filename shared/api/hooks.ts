/** What runs before and after a backup or restore. */
import { BackupHookPolicy, RestoreHookPolicy } from "./closed-lists.ts";
import {
  defaulted,
  duration,
  intOrString,
  list,
  nameText,
  object,
  oneOf,
  optional,
  required,
  text,
  type Value,
} from "./schema.ts";

const httpHeaderSchema = object({
  name: required(text, "Name of the header."),
  value: required(text, "Its value."),
});

const httpProperties = {
  path: optional(text, "Path of the request."),
  port: required(intOrString, "Port, by number or by name."),
  host: optional(text, "Host; the pod itself when empty."),
  scheme: optional(text, "HTTP or HTTPS."),
  httpHeaders: optional(list(httpHeaderSchema), "Headers to send."),
};

const handlerProperties = {
  exec: optional(object({ command: optional(list(text), "Program and arguments.") }), "Runs a program in a container."),
  httpGet: optional(object(httpProperties), "Sends a GET request."),
  httpPost: optional(
    object({
      ...httpProperties,
      body: optional(text, "Body of the request."),
      form: optional(
        list(object({ key: optional(text, "Name of the field."), values: optional(list(text), "Its values.") })),
        "Fields of a form, sent as the body.",
      ),
    }),
    "Sends a POST request.",
  ),
  tcpSocket: optional(
    object({
      port: required(intOrString, "Port, by number or by name."),
      host: optional(text, "Host; the pod itself when empty."),
    }),
    "Opens a TCP connection.",
  ),
  containerName: optional(nameText, "Container that the program runs in, or that names the port."),
  timeout: optional(duration, "Longest time that the hook may take."),
};

export const handlerSchema = object(handlerProperties);
export type Handler = Value<typeof handlerSchema>;

export const backupHooksSchema = object({
  preBackup: optional(handlerSchema, "Runs before the backup."),
  postBackup: optional(
    object({
      ...handlerProperties,
      executionPolicy: defaulted(oneOf(BackupHookPolicy), BackupHookPolicy.Always, "On which outcome it runs."),
    }),
    "Runs after the backup.",
  ),
});
export type BackupHooks = Value<typeof backupHooksSchema>;

export const restoreHooksSchema = object({
  preRestore: optional(handlerSchema, "Runs before the restore."),
  postRestore: optional(
    object({
      ...handlerProperties,
      executionPolicy: defaulted(oneOf(RestoreHookPolicy), RestoreHookPolicy.Always, "On which outcome it runs."),
    }),
    "Runs after the restore.",
  ),
});
export type RestoreHooks = Value<typeof restoreHooksSchema>;

export type Hooks = BackupHooks | RestoreHooks;

/** Where a restic repository lives. */
import { volumeSourceProperties } from "./kubernetes/volume.ts";
import { readerOf } from "./parse.ts";
import {
  flag,
  int64,
  namespaceText,
  nameText,
  object,
  openObject,
  optional,
  required,
  text,
  type Value,
} from "./schema.ts";

const prefix = optional(text, "Folder in the store that holds the repository.");
const maxConnections = optional(int64, "Limit of connections at a time.");

const localBackendSchema = openObject({
  ...volumeSourceProperties,
  mountPath: required(text, "Where the volume is mounted in the container that runs restic."),
  subPath: optional(text, "Folder of the volume that holds the repository."),
});
export type LocalBackend = Value<typeof localBackendSchema>;

export const backendSchema = object({
  storageSecretName: optional(nameText, "Secret in the Repository's namespace with password and credentials."),
  local: optional(localBackendSchema, "A Kubernetes volume."),
  s3: optional(
    object({
      endpoint: required(text, "Address of the store."),
      bucket: required(text, "Bucket."),
      prefix,
      region: optional(text, "Region of the bucket."),
      insecureTLS: optional(flag, "Accepts any certificate."),
    }),
    "AWS S3 or a store that speaks its protocol.",
  ),
  gcs: optional(object({ bucket: required(text, "Bucket."), prefix, maxConnections }), "Google Cloud Storage."),
  azure: optional(object({ container: required(text, "Container."), prefix, maxConnections }), "Azure Blob Storage."),
  swift: optional(object({ container: required(text, "Container."), prefix }), "OpenStack Swift."),
  b2: optional(object({ bucket: required(text, "Bucket."), prefix, maxConnections }), "Backblaze B2."),
  rest: optional(object({ url: optional(text, "Address of the server.") }), "restic's REST server."),
});
export type Backend = Value<typeof backendSchema>;

/** A Repository as the reconciler resolved it for the agents of another namespace. */
export const resolvedRepositorySchema = object({
  name: optional(nameText, "Name of the Repository."),
  namespace: optional(namespaceText, "Namespace of the Repository."),
  backend: optional(backendSchema, "Its backend at that time."),
});
export type ResolvedRepository = Value<typeof resolvedRepositorySchema>;

/** Reads a Repository as it is handed from one program to another. @throws UserError INVALID_OBJECT naming the fields */
export const parseResolvedRepository = readerOf(resolvedRepositorySchema, () => "the Repository in the environment");

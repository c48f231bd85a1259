/** A backup invoker as shared/invoker.ts reads it. The API server has checked the whole object against its schema. */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { type Check, flag, isObject, list, oneOf, optional, parse, shape, text } from "./check.ts";
import { checkRef } from "./common.ts";

const metadata = shape({
  name: text,
  namespace: text,
  uid: optional(text),
  labels: optional(shape({})),
});

const specFields = {
  retentionPolicy: shape({ name: text, prune: flag }),
  repository: optional(shape({ name: text, namespace: optional(text) })),
  timeOut: optional(text),
  retryConfig: optional(shape({ delay: optional(text) })),
};

const target = optional(shape({ alias: optional(text), ref: optional(checkRef) }));

const checkConfiguration: Check<BackupConfiguration> = shape({
  apiVersion: oneOf({ only: KINDS.BackupConfiguration.apiVersion }),
  kind: oneOf({ only: KINDS.BackupConfiguration.kind }),
  metadata,
  spec: shape({ ...specFields, target }),
});

const checkBatch: Check<BackupBatch> = shape({
  apiVersion: oneOf({ only: KINDS.BackupBatch.apiVersion }),
  kind: oneOf({ only: KINDS.BackupBatch.kind }),
  metadata,
  spec: shape({ ...specFields, members: optional(list(shape({ target }))) }),
});

/** @throws UserError INVALID_OBJECT naming the field */
export function parseWholeInvoker(object: unknown): BackupConfiguration | BackupBatch {
  return isObject(object) && object["kind"] === KINDS.BackupBatch.kind
    ? parse<BackupBatch>(checkBatch, object)
    : parse<BackupConfiguration>(checkConfiguration, object);
}

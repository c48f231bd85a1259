/** Checks of the types that sessions, invokers and restores share. */
import { HookPhase, HookType, HostAction, HostActionPhase } from "../../shared/api/closed-lists.ts";
import { flag, list, number, oneOf, optional, portNumber, shape, text } from "./check.ts";

export const checkMetadata = shape({ name: text, namespace: text, uid: text, creationTimestamp: optional(text) });

export const checkRef = shape({
  apiVersion: optional(text),
  kind: optional(text),
  name: optional(text),
  namespace: optional(text),
});

export const checkCondition = shape({
  type: text,
  status: text,
  reason: optional(text),
  message: optional(text),
});

const prefixed = { prefix: optional(text), maxConnections: optional(number) };

export const checkBackend = shape({
  storageSecretName: optional(text),
  local: optional(shape({ mountPath: text, subPath: optional(text) })),
  s3: optional(
    shape({
      endpoint: text,
      bucket: text,
      prefix: optional(text),
      region: optional(text),
      insecureTLS: optional(flag),
    }),
  ),
  gcs: optional(shape({ bucket: text, ...prefixed })),
  azure: optional(shape({ container: text, ...prefixed })),
  swift: optional(shape({ container: text, prefix: optional(text) })),
  b2: optional(shape({ bucket: text, ...prefixed })),
  rest: optional(shape({ url: optional(text) })),
});

export const checkRepository = shape({
  name: optional(text),
  namespace: optional(text),
  backend: optional(checkBackend),
});

export const checkHookResult = shape({
  type: oneOf(HookType),
  hostname: optional(text),
  podUID: optional(text),
  phase: optional(oneOf(HookPhase)),
  startedAt: optional(text),
  finishedAt: optional(text),
  message: optional(text),
  output: optional(text),
});

export const checkActionResult = shape({
  action: oneOf(HostAction),
  phase: oneOf(HostActionPhase),
  reason: optional(text),
  message: optional(text),
  startedAt: optional(text),
  finishedAt: optional(text),
  kept: optional(number),
  removed: optional(number),
  totalSizeBytes: optional(number),
  snapshotCount: optional(number),
  integrity: optional(flag),
});

const checkProgress = shape({
  percent: optional(number),
  bytesDone: optional(number),
  bytesTotal: optional(number),
  filesDone: optional(number),
  filesTotal: optional(number),
});

/** Fields of a host's entry that backup and restore share. */
export const entryFields = {
  hostname: optional(text),
  pod: optional(text),
  podUID: optional(text),
  attempt: optional(number),
  error: optional(text),
  reason: optional(text),
  startedAt: optional(text),
  progress: optional(checkProgress),
  hooks: optional(list(checkHookResult)),
  actions: optional(list(oneOf(HostAction))),
  actionParams: optional(shape({ readDataSubset: optional(text), removableLocks: optional(list(text)) })),
  results: optional(list(checkActionResult)),
};

const httpFields = {
  path: optional(text),
  port: portNumber,
  host: optional(text),
  scheme: optional(text),
  httpHeaders: optional(list(shape({ name: text, value: text }))),
};

export const handlerFields = {
  exec: optional(shape({ command: optional(list(text)) })),
  httpGet: optional(shape(httpFields)),
  httpPost: optional(
    shape({
      ...httpFields,
      body: optional(text),
      form: optional(list(shape({ key: optional(text), values: optional(list(text)) }))),
    }),
  ),
  tcpSocket: optional(shape({ port: portNumber, host: optional(text) })),
  containerName: optional(text),
  timeout: optional(text),
};

export const checkHandler = shape(handlerFields);

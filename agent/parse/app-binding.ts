/** What the agent reads of an AppBinding. */
import { type Checked, flag, list, number, optional, parse, shape, text } from "./check.ts";

const checkSecretRef = shape({ apiGroup: optional(text), kind: optional(text), name: text });

const checkBinding = shape({
  metadata: shape({ name: text, namespace: text }),
  spec: shape({
    type: optional(text),
    version: optional(text),
    clientConfig: shape({
      url: optional(text),
      service: optional(
        shape({
          scheme: text,
          namespace: optional(text),
          name: text,
          port: number,
          path: optional(text),
          query: optional(text),
        }),
      ),
      insecureSkipTLSVerify: optional(flag),
      caBundle: optional(text),
      serverName: optional(text),
    }),
    secret: optional(checkSecretRef),
    tlsSecret: optional(checkSecretRef),
    secretTransforms: optional(
      list(
        shape({
          renameKey: optional(shape({ from: text, to: text })),
          addKey: optional(shape({ key: text, value: optional(text), stringValue: optional(text) })),
          addKeysFrom: optional(shape({ secretRef: optional(shape({ name: optional(text) })) })),
          removeKey: optional(shape({ key: text })),
        }),
      ),
    ),
  }),
});

export type AgentAppBinding = Checked<typeof checkBinding>;

/** @throws UserError INVALID_OBJECT naming the field */
export function parseAgentAppBinding(object: unknown): AgentAppBinding {
  return parse<AgentAppBinding>(checkBinding, object);
}

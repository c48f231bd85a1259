/** What values of the chart may be, as JSON schemas. */

export const FLAG = { type: "boolean" } as const;
export const COUNT = { type: "integer", minimum: 1, maximum: 100 } as const;
export const LABELS = { type: "object", additionalProperties: { type: "string" } } as const;
export const NAME = { type: "string", pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", maxLength: 63 } as const;
export const NAME_OR_NONE = { ...NAME, pattern: "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$" } as const;
export const SECRET_NAME = { type: "string", pattern: "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", maxLength: 253 } as const;
export const FLAGS = { type: "array", items: { type: "string", pattern: "^--[a-z]" } } as const;
const QUANTITY = "^[0-9]+([.][0-9]*)?([eE][-+]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?$";
const AMOUNTS = { type: "object", additionalProperties: { type: ["string", "number"], pattern: QUANTITY } } as const;
/** Of a container. */
export const RESOURCES = {
  type: "object",
  properties: { requests: AMOUNTS, limits: AMOUNTS, claims: { type: "array" } },
  additionalProperties: false,
} as const;
export const TOLERATION = {
  type: "object",
  properties: {
    key: { type: "string" },
    operator: { type: "string", pattern: "^[A-Z][a-z]+$" },
    value: { type: "string" },
    effect: { type: "string", enum: ["", "NoSchedule", "PreferNoSchedule", "NoExecute"] },
    tolerationSeconds: { type: "integer" },
  },
  additionalProperties: false,
} as const;
/** As the programs read it: shared/injection/resource-flags.ts. */
export const RESOURCE_LIST = {
  type: "string",
  pattern:
    "^((requests|limits)[.][a-z0-9./-]+=[0-9.]+[a-zA-Z]*(,(requests|limits)[.][a-z0-9./-]+=[0-9.]+[a-zA-Z]*)*)?$",
} as const;

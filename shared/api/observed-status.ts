/** The status of kinds that the reconciler looks after, by the conventions of kstatus. */
import type * as Type from "typebox/type";
import { defaulted, int64, object, optional } from "./schema.ts";

/** An object that nobody has looked at yet: tools must not take it for one that is as it should be. */
const NOT_YET_OBSERVED = { observedGeneration: -1 } as const;

export function observedStatus<Properties extends Type.TProperties>(properties: Properties) {
  return defaulted(
    object({
      observedGeneration: optional(int64, "Generation that was last reconciled; -1 before the first time."),
      ...properties,
    }),
    NOT_YET_OBSERVED,
    "What was found out, and how far it is.",
  );
}

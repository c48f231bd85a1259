import { defaulted, duration, int32, object, optional } from "./schema.ts";

export const retryConfigSchema = object({
  maxRetry: defaulted(int32, 1, "How many times a failed run is tried again."),
  delay: optional(duration, "Wait before each retry."),
});

/** The scratch volume beside a backup or restore. */
import { flag, object, optional, quantity, text, type Value } from "./schema.ts";

export const tempDirSchema = object({
  medium: optional(text, "Medium of the emptyDir, `Memory` or empty."),
  sizeLimit: optional(quantity, "Limit of its size."),
  disableCaching: optional(flag, "Runs restic without its cache."),
});
export type TempDir = Value<typeof tempDirSchema>;

/** Hashes in evidence. Pure. */
import { createHash } from "node:crypto";

/** Of the text's UTF-8, in hexadecimal digits. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

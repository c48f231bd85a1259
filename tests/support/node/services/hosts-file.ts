/** Keeps a pod's /etc/hosts current without ever showing a half-written one. */
import { open } from "node:fs/promises";

/**
 * Writes over the file in one write. It stays the same file, since it is what the containers have mounted; a shorter
 * text is filled up with newlines instead of cutting the file, so that no reader meets an empty one.
 *
 * @param written bytes in the file now
 * @returns bytes in the file after
 */
export async function overwriteHosts(path: string, text: string, written: number): Promise<number> {
  const bytes = Buffer.from(text.padEnd(written, "\n"));
  const file = await open(path, "r+");
  try {
    await file.write(bytes, 0, bytes.length, 0);
  } finally {
    await file.close();
  }
  return bytes.length;
}

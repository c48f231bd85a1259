/** Users as an image knows them: the accounts of its /etc/passwd. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface ImageAccount {
  readonly gid: number;
  readonly home: string;
}

/** @returns group 0 and home `/` for a user that the image does not know, as container runtimes have it */
export async function readImageAccount(root: string, uid: number): Promise<ImageAccount> {
  const text = await readFile(join(root, "etc/passwd"), "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    const [, , lineUid, gid, , home] = line.split(":");
    if (lineUid === `${uid}`) return { gid: Number(gid), home: home || "/" };
  }
  return { gid: 0, home: "/" };
}

/** Files and bytes of a snapshot, counted as `restic backup` counts them: regular files, without folders and links. */
import type { UserError } from "../../shared/errors.ts";
import { isObject } from "../parse/check.ts";
import type { Restic } from "./client.ts";

export interface SnapshotSize {
  readonly files: number;
  readonly bytes: number;
}

const LIST_LIMIT_MS = 60 * 60_000;

/**
 * Lists the snapshot. That reads all its folders from the repository, so one that can't be read shows here.
 *
 * @throws UserError when restic can't read it
 */
export async function gatherSnapshotSize(restic: Restic, id: string, signal: AbortSignal): Promise<SnapshotSize> {
  let files = 0;
  let bytes = 0;
  const exit = await restic.run(["ls", "--json", "--no-lock", id], {
    signal,
    timeLimitMs: LIST_LIMIT_MS,
    onLine(line) {
      // Cheaper than to parse the folders too.
      if (!line.includes('"type":"file"')) return;
      const node: unknown = JSON.parse(line);
      if (!isObject(node) || node["type"] !== "file") return;
      files++;
      if (typeof node["size"] === "number") bytes += node["size"];
    },
  });
  if (exit.code === 0) return { files, bytes };
  const error: UserError = restic.fault(`look at snapshot ${id.slice(0, 8)}`, exit);
  throw error;
}

/** Files and bytes of a snapshot, counted as `restic backup` counts them: regular files, without folders and links. */
import type { UserError } from "../../shared/errors.ts";
import { isJsonObject } from "../../shared/kube/json-value.ts";
import type { Restic } from "./client.ts";

export interface SnapshotSize {
  readonly files: number;
  readonly bytes: number;
}

const LIST_LIMIT_MS = 60 * 60_000;

/** An entry of a snapshot. @returns false when it is not to be counted */
export type OnNode = (path: string, type: string, uid: number | undefined) => boolean | undefined;

/**
 * Lists the snapshot. That reads all its folders from the repository, so one that can't be read shows here.
 *
 * @throws UserError when restic can't read it
 */
export async function gatherSnapshotSize(
  restic: Restic,
  id: string,
  signal: AbortSignal,
  onNode?: OnNode,
): Promise<SnapshotSize> {
  let files = 0;
  let bytes = 0;
  const exit = await restic.run(["ls", "--json", "--no-lock", id], {
    signal,
    timeLimitMs: LIST_LIMIT_MS,
    onLine(line) {
      const node: unknown = line.startsWith("{") ? JSON.parse(line) : undefined;
      if (!isJsonObject(node) || node["struct_type"] === "snapshot") return;
      const { type, path, uid } = node;
      const isNode = typeof type === "string" && typeof path === "string";
      const isCounted = !isNode || onNode?.(path, type, typeof uid === "number" ? uid : undefined) !== false;
      if (type !== "file" || !isCounted) return;
      files++;
      if (typeof node["size"] === "number") bytes += node["size"];
    },
  });
  if (exit.code === 0) return { files, bytes };
  const error: UserError = restic.fault(`look at snapshot ${id.slice(0, 8)}`, exit);
  throw error;
}

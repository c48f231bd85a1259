/** The entries of one snapshot, as `restic ls` tells them. */
import { UserError } from "../../shared/errors.ts";
import { isJsonObject, parseJson } from "../../shared/json/value.ts";
import type { Restic } from "./client.ts";
import { parseSnapshot, type Snapshot } from "./snapshots.ts";

/** Counted as `restic backup` counts: regular files, without folders and links. */
export interface SnapshotSize {
  readonly files: number;
  readonly bytes: number;
}

/** An entry of a snapshot. @returns false when it is not to be counted */
export type OnNode = (path: string, type: string, uid: number | undefined) => boolean | undefined;

export interface ListPorts {
  readonly signal: AbortSignal;
  /** Is told the snapshot before any of its entries. What it throws ends the list and is thrown on. */
  onSnapshot?(snapshot: Snapshot): void;
  readonly onNode?: OnNode;
  /** Is told each entry with all that restic says of it. What it throws ends the list and is thrown on. */
  onEntry?(node: Readonly<Record<string, unknown>>): void;
}

/** 0.18 stumbles over a folder that it could not load, in place of saying so. */
const STUMBLED = "restic/internal/walker.walk(";
const LIST_LIMIT_MS = 60 * 60_000;

/**
 * Lists a snapshot. That reads all its folders from the repository, so one that can't be read shows here.
 *
 * @param which id, or `latest` with restic's own filters
 * @throws UserError when restic can't find or read it
 */
export async function listSnapshot(restic: Restic, which: readonly string[], ports: ListPorts): Promise<SnapshotSize> {
  let files = 0;
  let bytes = 0;
  let isListed = false;
  let hasStumbled = false;
  let thrown: { readonly error: unknown } | undefined;
  const stop = new AbortController();
  function tell(to: () => void): void {
    try {
      to();
    } catch (error) {
      thrown = { error };
      stop.abort();
    }
  }
  const exit = await restic.run(["ls", "--json", "--no-lock", ...which], {
    signal: AbortSignal.any([ports.signal, stop.signal]),
    timeLimitMs: LIST_LIMIT_MS,
    onLine(line) {
      hasStumbled ||= line.includes(STUMBLED) && !line.startsWith("{");
      const node = line.startsWith("{") ? parseJson(line) : undefined;
      if (!isJsonObject(node) || thrown !== undefined) return;
      if (node["struct_type"] === "snapshot") {
        isListed = true;
        const snapshot = parseSnapshot(node);
        if (snapshot !== undefined) tell(() => ports.onSnapshot?.(snapshot));
        return;
      }
      if (ports.onEntry !== undefined) tell(() => ports.onEntry?.(node));
      const { type, path, uid } = node;
      const isNode = typeof type === "string" && typeof path === "string";
      const isCounted = !isNode || ports.onNode?.(path, type, typeof uid === "number" ? uid : undefined) !== false;
      if (type !== "file" || !isCounted) return;
      files++;
      if (typeof node["size"] === "number") bytes += node["size"];
    },
  });
  if (thrown !== undefined) throw thrown.error;
  // Up to 0.16 restic ends well too where there is none, or one that it can't read.
  if (exit.code === 0 && isListed) return { files, bytes };
  const fault = restic.fault(`look at snapshot ${which[0]?.slice(0, 8)}`, exit);
  if (!hasStumbled || fault.code !== "RESTIC_FAILED") throw fault;
  throw new UserError("REPOSITORY_DAMAGED", `${fault.message}: a folder of the snapshot can't be read`);
}

/** Files and bytes of a snapshot. @throws UserError when restic can't read it */
export function gatherSnapshotSize(restic: Restic, id: string, signal: AbortSignal): Promise<SnapshotSize> {
  return listSnapshot(restic, [id], { signal });
}

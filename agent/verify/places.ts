/** Where in the drill's pod an entry of a snapshot was restored to. Pure. */
import type { OrderedSnapshot } from "../../shared/api/verification.ts";

export interface RestoredPath {
  readonly path: string;
  readonly restoredTo: string;
}

function withoutEnd(path: string): string {
  return path.replace(/\/+$/, "");
}

/** @returns undefined when the snapshot has no place among the files */
export function restoredPathOf({ path, restoredTo }: OrderedSnapshot): RestoredPath | undefined {
  return restoredTo === undefined ? undefined : { path: withoutEnd(path), restoredTo: withoutEnd(restoredTo) };
}

/** @returns undefined for folders above the path, which are no part of what was saved */
export function placeOf(entry: string, { path, restoredTo }: RestoredPath): string | undefined {
  if (entry === path) return restoredTo === "" ? "/" : restoredTo;
  return entry.startsWith(`${path}/`) ? `${restoredTo}${entry.slice(path.length)}` : undefined;
}

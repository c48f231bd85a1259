/** What somebody means by `POINT:MEMBER`. Pure. */
import { isWithin } from "../../shared/paths.ts";
import { UsageError } from "../program/usage-error.ts";

export interface PlaceWord {
  /** Name of a session, or of a batch for its newest complete point. */
  readonly point: string;
  readonly member: string | undefined;
}

/** @throws UsageError */
export function parsePlaceWord(word: string): PlaceWord {
  const [point = "", member, ...more] = word.split(":");
  if (point === "" || member === "" || more.length > 0) {
    throw new UsageError(`${word} is no place in a backup`, "write POINT or POINT:MEMBER, such as shop-1795966270:web");
  }
  return { point, member };
}

/** An absolute path without detours; `/` without one. @throws UsageError */
export function parseBackupPath(word: string | undefined): string {
  const path = word ?? "/";
  if (!path.startsWith("/")) throw new UsageError(`${path} is not absolute`, "write the path as it was in the pod");
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw new UsageError(`${path} leads out of its folder`, "write the path without `..`");
  return `/${segments.join("/")}`;
}

/** Whether a path is a folder or something in it. Names of dumps have no slash, and lie in the root too. */
export function isInFolder(path: string, folder: string): boolean {
  return folder === "/" || isWithin(path, folder);
}

/** One form for each path, so that it is the same in the spec, the status, the repository and the rules of a restore. Pure. */
import { posix } from "node:path";

/** Without `//`, `.`, `..` and a slash at the end, as restic writes it. A text that is no absolute path stays as it is. */
export function normalPath(path: string): string {
  if (!posix.isAbsolute(path)) return path;
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
}

/** Each once, in order. */
export function normalPaths(paths: readonly string[]): readonly string[] {
  return [...new Set(paths.map(normalPath))];
}

/** Whether `inner` is `outer` or lies in it; both in their normal form. */
export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}

/** Looks at a path before restic does: what restic would skip in silence is an error here. */
import { accessSync, constants, lstatSync, realpathSync } from "node:fs";
import { isAbsolute, sep } from "node:path";
import { UserError } from "../../shared/errors.ts";

/** Whether `inner` is `outer` or lies within it. Both without `.`, `..` and links. */
export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Whether the path lies in a mount other than the container's own root, is one, or holds one. */
function isReached(path: string, mounts: readonly string[]): boolean {
  return mounts.some((mount) => mount !== sep && (isWithin(path, mount) || isWithin(mount, path)));
}

/** restic saves a link's name and not what it leads to: the snapshot would be empty and look good. */
function linkError(path: string): UserError {
  const real = realPath(path);
  const leads = real === undefined ? "and leads nowhere" : `to ${real}`;
  return new UserError("PATH_IS_LINK", `path ${path} is a symbolic link ${leads}`);
}

/**
 * @param repositoryFolder folder of a local repository
 * @param mounts where the container has volumes; undefined where that means nothing
 * @throws UserError PATH_NOT_FOUND, PATH_IS_LINK, FILES_UNREADABLE or PATH_INSIDE_REPOSITORY
 */
export function checkBackupPath(
  path: string,
  repositoryFolder: string | undefined,
  mounts: readonly string[] | undefined,
): void {
  if (!isAbsolute(path)) {
    throw new UserError("PATH_NOT_FOUND", `path ${JSON.stringify(path)} is not absolute`);
  }
  try {
    const status = lstatSync(path);
    if (status.isSymbolicLink()) throw linkError(path);
    // A snapshot of a folder that can't be listed would be empty and look good.
    accessSync(path, constants.R_OK | (status.isDirectory() ? constants.X_OK : 0));
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const isDenied = cause instanceof Error && "code" in cause && cause.code === "EACCES";
    throw new UserError(
      isDenied ? "FILES_UNREADABLE" : "PATH_NOT_FOUND",
      `path ${path} ${isDenied ? "can't be read by the container's user" : "does not exist in the container"}`,
      { cause, ...(isDenied && { next: "Give the container's user the right to read the path." }) },
    );
  }
  if (mounts !== undefined && !isReached(realPath(path) ?? path, mounts)) {
    throw new UserError(
      "PATH_NOT_FOUND",
      `path ${path} is on no volume of the container: what is there belongs to its image`,
    );
  }
  const repository = repositoryFolder === undefined ? undefined : realPath(repositoryFolder);
  const real = realPath(path);
  if (repository === undefined || real === undefined) return;
  if (isWithin(repository, real)) {
    throw new UserError("PATH_INSIDE_REPOSITORY", `path ${path} holds the repository ${repositoryFolder} itself`);
  }
  if (isWithin(real, repository)) {
    throw new UserError("PATH_INSIDE_REPOSITORY", `path ${path} lies inside the repository ${repositoryFolder}`);
  }
}

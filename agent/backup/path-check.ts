/** Looks at a path before restic does: what restic would skip in silence is an error here. */

import { accessSync, constants, lstatSync } from "node:fs";
import { dirname, isAbsolute, sep } from "node:path";
import { UserError } from "../../shared/errors.ts";
import { isWithin } from "../../shared/paths.ts";
import { findLink, realPath } from "../links.ts";

/** Whether the path lies in a mount other than the container's own root, is one, or holds one. */
function isReached(path: string, mounts: readonly string[]): boolean {
  return mounts.some((mount) => mount !== sep && (isWithin(path, mount) || isWithin(mount, path)));
}

/**
 * Mounts that a path only holds: what of it lies on none of them belongs to our image, and no file of the application is saved of that.
 *
 * @returns nothing where the path itself is on a volume
 */
export function mountsHeldBy(path: string, mounts: readonly string[]): readonly string[] {
  const volumes = mounts.filter((mount) => mount !== sep);
  if (volumes.some((mount) => isWithin(path, mount))) return [];
  const held = volumes.filter((mount) => isWithin(mount, path));
  return held.filter((mount) => !held.some((outer) => outer !== mount && isWithin(mount, outer)));
}

/**
 * restic saves a link's name and not what it leads to, and a restore puts a folder in the place of a link that a path leads through: what
 * is behind it is then cut off from the application. This holds for a link above the mount point too, where the folder would lie beside the volume.
 */
function linkError(path: string, link: string, mounts: readonly string[] | undefined): UserError {
  const real = realPath(path);
  const leads = real === undefined ? "and leads nowhere" : `to ${real}`;
  const what = link === path ? `is a symbolic link ${leads}` : `leads through the symbolic link ${link} ${leads}`;
  const message = `path ${path} ${what}`;
  if (real === undefined) return new UserError("PATH_IS_LINK", message);
  const mount = mounts?.find((one) => one !== sep && isWithin(real, one));
  const holder = realPath(dirname(link)) ?? link;
  const isAboveMount = mount !== undefined && mounts?.some((one) => one !== sep && isWithin(holder, one)) === false;
  return new UserError("PATH_IS_LINK", message, {
    next: isAboveMount
      ? `Mount the volume at ${mount} itself, and name ${real} in target.paths.`
      : `Name ${real} in target.paths, or a folder that holds both the link and that.`,
  });
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
  const link = findLink(path);
  if (link !== undefined) throw linkError(path, link, mounts);
  try {
    const status = lstatSync(path);
    // A snapshot of a folder that can't be listed would be empty and look good.
    accessSync(path, constants.R_OK | (status.isDirectory() ? constants.X_OK : 0));
  } catch (cause) {
    const isDenied = cause instanceof Error && "code" in cause && cause.code === "EACCES";
    throw new UserError(
      isDenied ? "FILES_UNREADABLE" : "PATH_NOT_FOUND",
      `path ${path} ${isDenied ? "can't be read by the container's user" : "does not exist in the container"}`,
      { cause, ...(isDenied && { next: "Give the container's user the right to read the path." }) },
    );
  }
  if (mounts !== undefined && !isReached(path, mounts)) {
    throw new UserError(
      "PATH_NOT_FOUND",
      `path ${path} is on no volume of the container: what is there belongs to its image`,
    );
  }
  const repository = repositoryFolder === undefined ? undefined : realPath(repositoryFolder);
  if (repository === undefined) return;
  if (isWithin(repository, path)) {
    throw new UserError("PATH_INSIDE_REPOSITORY", `path ${path} holds the repository ${repositoryFolder} itself`);
  }
  if (isWithin(path, repository)) {
    throw new UserError("PATH_INSIDE_REPOSITORY", `path ${path} lies inside the repository ${repositoryFolder}`);
  }
}

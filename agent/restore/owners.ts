/**
 * Whose files a restore can't give back to their owner: only root may set owners, and restic takes no note where it can't. The
 * data is there, but belongs to the user that restored it.
 */

export interface Owners {
  /** Looks at a node of the snapshot. */
  look(path: string, uid: number | undefined): void;
  /** A line for people; undefined when every owner could be set. */
  warning(): string | undefined;
}

/**
 * @param roots paths that are restored
 * @param runsAs user that restores; 0 may set any owner
 */
export function createOwners(roots: readonly string[], runsAs: number): Owners {
  let count = 0;
  let first: string | undefined;
  const isInside = (path: string) =>
    roots.some((root) => path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`));
  return {
    look(path, uid) {
      if (runsAs === 0 || uid === undefined || uid === runsAs || !isInside(path)) return;
      count += 1;
      first ??= `${path} to ${uid}`;
    },
    warning() {
      if (first === undefined) return undefined;
      return `user ${runsAs} may not set owners: ${count} files or folders belonged to others (${first}) and belong to it now`;
    },
  };
}

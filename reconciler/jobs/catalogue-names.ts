/**
 * Which objects of the catalogue a name may mean. Manuals and blueprints name the version of the database, and older ones a
 * release of the addon too; our own Functions serve all versions. Pure.
 */
import { DATABASE_NAMES } from "../../shared/databases.ts";

const RELEASE = /-v\d+$/;
const VERSIONED = new RegExp(`^((?:${DATABASE_NAMES.join("|")})-(?:backup|restore))-\\d[\\w.]*$`);

/**
 * Names to look for, in order: the name itself, without the addon's release (`-v3`), without the version.
 *
 * @param name of a Task or Function, such as `postgres-backup-13.1-v1`
 */
export function catalogueNames(name: string): readonly string[] {
  const withoutRelease = name.replace(RELEASE, "");
  const base = VERSIONED.exec(withoutRelease)?.[1];
  return [...new Set([name, withoutRelease, ...(base === undefined ? [] : [base])])];
}

const UPSTREAM_ADDON = new RegExp(`(?:^|/)stashed/stash-(?:${DATABASE_NAMES.join("|")})(?:[:@].*)?$`);

/**
 * Whether the image is that of an upstream addon whose work our image does by the same commands. Upstream's refuses to run
 * without a licence (L4).
 */
export function isReplacedAddon(image: string): boolean {
  return UPSTREAM_ADDON.test(image);
}

/** Which variables of a container reach restic. Pure. */

/** Of restic's own those that tune it or say who it is; others would lead it elsewhere, or make our lists and snapshots mean something else. */
const RESTIC_NAMES =
  /^RESTIC_(COMPRESSION|PACK_SIZE|READ_CONCURRENCY|HTTP_USER_AGENT|KEY_HINT|REST_USERNAME|REST_PASSWORD|AWS_ASSUME_ROLE_\w+)$/;
/** restic is no place for other programs' code. */
const LOADER = /^LD_/;

/** Whether restic is given the variable: proxies, credentials and settings of Go among others. */
export function isPassedOn(name: string): boolean {
  if (name.startsWith("RESTIC_")) return RESTIC_NAMES.test(name);
  return !LOADER.test(name);
}

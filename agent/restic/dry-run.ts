/** How restic is asked what a restore would do, without doing it. */

/** Of a flag that comes twice restic takes the last. It compares nothing where nothing is written. */
export const DRY_RUN = ["--dry-run", "--json", "--verbose=2", "--no-lock", "--verify=false"];

/** What restic before 0.17 says. */
export const NO_DRY_RUN = /unknown flag: --dry-run/;

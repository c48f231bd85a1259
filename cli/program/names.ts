/** How the programs are called. */

/** The plugin's file, and what the API server knows it by. */
export const PLUGIN = "kubectl-stash";
/** Of the image, where it has no entry point of its own. */
export const IMAGE_PROGRAM: readonly string[] = ["stash-batch"];

/** What the image holds and how it starts; the Dockerfile says the same, and a test holds the two equal. */
import { DATABASES } from "../../shared/databases.ts";

/** Debian's release that the image is made of. */
export const SUITE = "trixie";

/** What the Dockerfile installs on top of its base. */
export const INSTALLED_PACKAGES: readonly string[] = [
  "ca-certificates",
  "restic",
  ...new Set(Object.values(DATABASES).map(({ clientPackage }) => clientPackage)),
];

/** Beginnings of versions that a package is held to. */
export const HELD_VERSIONS: Readonly<Record<string, string>> = { restic: "0.18" };

/** Debian's essential packages, which every base image has, and the libraries that node is linked with. */
export const BASE_PACKAGES: readonly string[] = [
  "base-files",
  "base-passwd",
  "bash",
  "coreutils",
  "dash",
  "debianutils",
  "diffutils",
  "findutils",
  "grep",
  "gzip",
  "hostname",
  "libatomic1",
  "libc-bin",
  "libstdc++6",
  "login",
  "mount",
  "ncurses-base",
  "perl-base",
  "sed",
  "tar",
  "util-linux",
];

export const NODE_PATH = "/usr/local/bin/node";
export const BUNDLES_FOLDER = "/opt/stash-batch/dist";
export const ENTRY_POINT: readonly string[] = [
  NODE_PATH,
  "--max-semi-space-size=2",
  `${BUNDLES_FOLDER}/stash-batch.mjs`,
];
/** The same program by its name, for people in a container; a script beside this file. */
export const NAMED_PROGRAM = "/usr/local/bin/stash-batch";
/** User and group of the image. */
export const IMAGE_USER = 65_534;

/**
 * A Debian with the programs that tests and the demo run in pods: databases, web server and WordPress, tools for files. The
 * images of the applications are made of this one layer and differ in what they start.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cachedLayer } from "./layer-cache.ts";
import type { Layer } from "./oci-archive.ts";

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;
const SUITE = "bookworm";
const MIRROR = "http://deb.debian.org/debian";

const PACKAGES: readonly string[] = [
  "attr",
  "ca-certificates",
  "curl",
  "libapache2-mod-php",
  "mariadb-client",
  "mariadb-server",
  "netcat-openbsd",
  "php-cli",
  "php-gd",
  "php-mysql",
  "postgresql",
  "postgresql-client",
  "procps",
  "rclone",
  "redis-server",
  "restic",
  "tini",
  "wordpress",
  "wordpress-theme-twentytwentythree",
];

/** What people read is no part of an image. */
const LEFT_OUT: readonly string[] = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*"];

/** @throws Error with the words of apt when a package can't be had */
export function programsLayer(onProgress: (line: string) => void): Promise<Layer> {
  return cachedLayer("programs", [SUITE, PACKAGES, LEFT_OUT, 1], async (tarPath) => {
    onProgress(`making the layer of the applications' images from Debian's packages (some 90 s, once) ...`);
    const args = [
      "--mode=root",
      "--variant=minbase",
      '--aptopt=APT::Install-Recommends "false"',
      ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
      `--include=${PACKAGES.join(",")}`,
      SUITE,
      tarPath,
      MIRROR,
    ];
    await run("mmdebstrap", args, { maxBuffer: MAX_OUTPUT_BYTES });
  });
}

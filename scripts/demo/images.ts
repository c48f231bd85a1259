/**
 * The images of the demo's application. The demo's node has no registry: it runs the programs of Debian's packages under the
 * names that a cluster would pull.
 */
import { join } from "node:path";
import type { ImageTable } from "../../tests/support/node/image-table.ts";
import type { PrerequisiteName } from "../prerequisites.ts";

const folder = (name: string) => join(import.meta.dirname, "images", name);

export const DEMO_IMAGES: ImageTable = {
  "wordpress:6.1-apache": {
    command: ["sh", "/opt/wordpress/entrypoint.sh"],
    binds: [{ host: folder("wordpress"), path: "/opt/wordpress", readOnly: true }],
  },
  "mariadb:10.11": {
    command: ["sh", "/opt/mariadb/entrypoint.sh"],
    binds: [{ host: folder("mariadb"), path: "/opt/mariadb", readOnly: true }],
  },
};

/** What the images are made of, and what the node and the agent run. */
export const DEMO_PREREQUISITES = [
  "restic",
  "util-linux",
  "iproute2",
  "mariadb-server",
  "mariadb-client",
  "apache-php",
  "php-mysql",
  "php-gd",
  "wordpress",
  "wordpress-theme",
] as const satisfies readonly PrerequisiteName[];

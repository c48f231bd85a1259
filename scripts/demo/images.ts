/**
 * The images of the demo's application. There is no registry: they are made of Debian's packages, under the names that a
 * cluster would pull.
 */
import { join } from "node:path";
import type { TestImages } from "../../tests/support/images/test-image.ts";

const folder = (name: string) => join(import.meta.dirname, "images", name);

export const DEMO_IMAGES: TestImages = {
  "wordpress:6.1-apache": {
    command: ["sh", "/opt/wordpress/entrypoint.sh"],
    files: { "/opt/wordpress": folder("wordpress") },
  },
  "mariadb:10.11": {
    command: ["sh", "/opt/mariadb/entrypoint.sh"],
    files: { "/opt/mariadb": folder("mariadb") },
  },
};

/** The images that the files of the cluster suite share. */
import { DEMO_IMAGES } from "../../../scripts/demo/images.ts";
import { APPLICATION_IMAGE } from "../application/manifests.ts";
import { UPSTREAM_IMAGE } from "../install/upstream-world.ts";
import { DATABASE_IMAGES } from "../jobs/manifests.ts";
import { MARIADB_IMAGE } from "../restore/mariadb-member.ts";
import type { TestImages } from "./test-image.ts";

export const SUITE_IMAGES: TestImages = {
  ...APPLICATION_IMAGE,
  ...DATABASE_IMAGES,
  ...DEMO_IMAGES,
  /** Any program of Debian, for workloads whose data matters and nothing else. */
  "app:1": {},
  [MARIADB_IMAGE]: {},
  [UPSTREAM_IMAGE]: { command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep infinity & wait $!; done"] },
};

/** `npm run image-root -- FOLDER`: writes the image's file system into a folder. */
import { resolve } from "node:path";
import { messageOf } from "../../shared/errors.ts";
import { buildImageRoot } from "./build-image-root.ts";
import { ENTRY_POINT, IMAGE_USER } from "./contents.ts";

const [folder, ...rest] = process.argv.slice(2);
if (folder === undefined || folder.startsWith("-") || rest.length > 0) {
  console.error(
    "usage: npm run image-root -- FOLDER\n\nFOLDER is emptied first. Needs apt, dpkg-deb, and root for owners.",
  );
  process.exitCode = 2;
} else {
  try {
    const packages = await buildImageRoot(resolve(folder));
    console.log(
      `${resolve(folder)}: ${packages.length} packages, starts as user ${IMAGE_USER} with ${ENTRY_POINT.join(" ")}`,
    );
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}

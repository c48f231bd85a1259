/**
 * Puts the pictures of the pages that tests/cluster/ui.test.ts took into docs/images, as small as a browser makes them. Nothing is written
 * when one of them is missing.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { startBrowser } from "../../tests/support/cli/browser.ts";
import { pictureOf, SHOWN_PAGES, THEMES } from "./shown-pages.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const TAKEN = join(ROOT, ".cache/ui");
const SHOWN = join(ROOT, "docs/images");
/** What a reader sees without scrolling, and some more. */
const MOST_HEIGHT = 1_000;
/** Texts stay sharp. */
const QUALITY = 0.7;

/** In a page: a picture as WebP, cut below. */
const CONVERT = `async (png) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = Math.min(image.height, ${MOST_HEIGHT});
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", ${QUALITY}).split(",")[1];
}`;

/** @throws Error ENOENT when the test has not run */
async function putPictures(): Promise<void> {
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    const files: (readonly [string, Buffer])[] = [];
    for (const name of Object.keys(SHOWN_PAGES)) {
      for (const theme of THEMES) {
        const png = await readFile(join(TAKEN, `${name}-${theme}-1280.png`), "base64");
        const webp: string = await page.evaluate(`(${CONVERT})("${png}")`);
        files.push([pictureOf(name, theme), Buffer.from(webp, "base64")]);
      }
    }
    for (const [name, bytes] of files) await writeFile(join(SHOWN, name), bytes);
    console.log(`${files.length} pictures, ${files.reduce((sum, [, bytes]) => sum + bytes.length, 0)} bytes`);
  } finally {
    await browser.close();
  }
}

await putPictures();

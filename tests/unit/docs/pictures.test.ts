/** Pictures of docs/: each page in light and in dark, with words for those who don't see it, and small. */
import { globSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { MOST_PICTURE_BYTES, pictureOf, SHOWN_PAGES, THEMES } from "../../../scripts/docs/shown-pages.ts";

const docs = resolve(import.meta.dirname, "../../../docs");

test("docs/ui.md shows each page in light and in dark, with what is in it as words", () => {
  const text = readFileSync(join(docs, "ui.md"), "utf8");
  for (const [page, words] of Object.entries(SHOWN_PAGES)) {
    for (const theme of THEMES) expect(text).toContain(`![${words} (${theme})](images/${pictureOf(page, theme)})`);
  }
});

test("every picture is shown somewhere, and all together are small", () => {
  const texts = globSync("**/*.md", { cwd: docs }).map((file) => readFileSync(join(docs, file), "utf8"));
  const pictures = globSync("images/*", { cwd: docs });
  expect(pictures.filter((picture) => !texts.some((text) => text.includes(`](${picture})`)))).toEqual([]);
  const bytes = pictures.reduce((sum, picture) => sum + statSync(join(docs, picture)).size, 0);
  expect(bytes).toBeLessThan(MOST_PICTURE_BYTES);
});

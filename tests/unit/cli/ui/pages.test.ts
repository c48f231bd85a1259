/** The pages as they are built. */
import { gzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { type PageFiles, readPages } from "../../../../cli/ui/pages.ts";
import { buildPages } from "../../../../scripts/build-pages.ts";

let pages: PageFiles;

beforeAll(async () => {
  pages = await buildPages();
}, 60_000);

test("are at most 150 KiB as they travel", () => {
  const bytes = Object.values(pages).reduce((sum, { text }) => sum + gzipSync(text).length, 0);
  expect(bytes).toBeLessThan(150 * 1_024);
});

test("have no script or style of their own in the page, which its policy would stop", () => {
  const html = pages["index.html"]?.text ?? "";
  const sources = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path = ""]) => path);
  expect(sources.length).toBeGreaterThan(2);
  for (const path of sources) expect(Object.keys(pages)).toContain(path.replace("./", ""));
  expect(html).not.toMatch(/<style|style=|<script[^>]*>[^<]|\son\w+=/);
});

test("name no other place, but for the names of standards", () => {
  for (const [name, { text }] of Object.entries(pages)) {
    const places = [...text.matchAll(/\b(?:https?|wss?):\/\/[^\s"'`)]+/g)].map(([place]) => place);
    expect({ name, places: places.filter((place) => !place.startsWith("http://www.w3.org/")) }).toEqual({
      name,
      places: [],
    });
  }
});

test("a program that runs from its source says that it has none", () => {
  expect(() => readPages()).toThrow("this program has no pages");
});

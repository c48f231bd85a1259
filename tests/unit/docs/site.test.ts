/** The site of docs/, as `npm run docs` makes it. */
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findDeadLinks } from "../../../scripts/docs/dead-links.ts";
import { anchorOf, PAGE_GROUPS, readLink, titleOf } from "../../../scripts/docs/site/pages.ts";

const root = resolve(import.meta.dirname, "../../..");
const BASE = "/help/";
const SCRIPT = join(root, "scripts/docs/build-site.ts");
const MARKDOWN = globSync("**/*.md", { cwd: join(root, "docs") }).toSorted();

let dir: string;
let site: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "stash-site-test-"));
  site = join(dir, "site");
  const run = spawnSync(process.execPath, [SCRIPT, "--out", site, "--base", BASE], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stdout + run.stderr);
}, 240_000);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const page = (name: string) => readFileSync(join(site, name), "utf8");

test("every page of docs is on it, under its title, and in its list once", () => {
  const listed = PAGE_GROUPS.flatMap(({ pages }) => pages).map((name) => `${name}.md`);
  expect([...listed, "index.md"].toSorted()).toEqual(MARKDOWN);
  for (const file of MARKDOWN) {
    const title = titleOf(readFileSync(join(root, "docs", file), "utf8"));
    const html = page(file.replace(/md$/, "html"));
    // Pages are long: only whether they have it is told.
    expect(html.includes(`<title>${title}`), file).toBe(true);
    expect(html.includes('id="local-search"'), file).toBe(true);
  }
});

test("no link leads nowhere", () => {
  expect(findDeadLinks(site, BASE)).toEqual([]);
});

test("its pages load nothing from elsewhere", () => {
  for (const file of globSync("**/*.html", { cwd: site })) {
    const loaded = page(file).match(/<(script|link|img)[^>]*(src|href)="(https?:)?\/\/[^>]*>/g) ?? [];
    expect(loaded, file).toEqual([]);
  }
});

test("files that are no page are named, and not linked to where nothing is", () => {
  expect(readFileSync(join(root, "docs/gitops.md"), "utf8")).toContain("](../manifests/gitops)");
  expect(page("gitops.html").includes('href="../manifests')).toBe(false);
});

test("the search knows words of every page", () => {
  const [index] = globSync("assets/chunks/*localSearchIndexroot*.js", { cwd: site });
  const text = page(index ?? "none");
  for (const file of MARKDOWN) {
    expect(text.includes(`${BASE}${file.replace(/(index)?\.md$/, "")}`), file).toBe(true);
  }
  for (const word of ["lastreaddatachecktime", "velero", "stashrepositorylocked"]) {
    expect(text.includes(word), word).toBe(true);
  }
});

test("a base that is no path is refused before anything is made", () => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, "--base", "help"], { encoding: "utf8" });
  expect([status, stderr]).toEqual([1, expect.stringContaining("--base help is no path")]);
});

describe("dead links", () => {
  function found(pages: Readonly<Record<string, string>>): readonly string[] {
    const folder = mkdtempSync(join(dir, "pages-"));
    mkdirSync(join(folder, "below"));
    for (const [name, html] of Object.entries(pages)) writeFileSync(join(folder, name), html);
    return findDeadLinks(folder, BASE);
  }

  test.each([
    ["a page that is not there", '<a href="./b.html">', ["a.html: ./b.html"]],
    ["a place that is not there", '<a href="#x"><p id="y">', ["a.html: #x"]],
    ["a place that another page lacks", '<a class="l" href="/help/below/c.html#x">', ["a.html: /help/below/c.html#x"]],
    ["outside of the site's path", '<a href="/other.html">', ["a.html: /other.html"]],
    ["a picture that is not there", '<img src="/help/p.png">', ["a.html: /help/p.png"]],
  ])("%s is found", (_what, html, dead) => {
    expect(found({ "a.html": html, "below/c.html": '<p id="z">' })).toEqual(dead);
  });

  test("what is there, and what is elsewhere, is none", () => {
    const html = '<a href="below/c.html#z"><a href="#y"><p id="y"><a href="https://example.com/x"><a href="/help/">';
    expect(found({ "a.html": html, "below/c.html": '<p id="z"><a href="../a.html#y">', "index.html": "" })).toEqual([]);
  });

  test("a page that links to a file which does not exist is refused", () => {
    expect(() => readLink("gitops.md", "../manifests/none")).toThrow(/gitops\.md links to/);
    expect(readLink("decisions/a.md", "../../certs/README.md")).toEqual({ kind: "source", path: "certs/README.md" });
    expect(readLink("gitops.md", "install.md#overlays")).toEqual({ kind: "page", href: "install.md#overlays" });
  });
});

test.each([
  ["What it needs", "what-it-needs"],
  ["`kubectl stash check`, by hand", "kubectl-stash-check-by-hand"],
  ["A --flag & two", "a---flag--two"],
])("the anchor of %s is %s", (heading, anchor) => {
  expect(anchorOf(heading)).toBe(anchor);
});

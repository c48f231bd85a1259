/** Links of a made site that lead nowhere: to no file of it, or to no place in a page. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SITE = "http://site.invalid";

interface Page {
  readonly links: readonly string[];
  readonly places: ReadonlySet<string>;
}

function readPage(html: string): Page {
  const valuesOf = (attribute: string) =>
    [...html.matchAll(new RegExp(`\\s${attribute}="([^"]*)"`, "g"))].map(([, value = ""]) =>
      value.replaceAll("&amp;", "&"),
    );
  return { links: [...valuesOf("href"), ...valuesOf("src")], places: new Set(valuesOf("id")) };
}

/**
 * @param folder of the site
 * @param base path of the site on its server
 * @returns `page: link` of each, sorted
 */
export function findDeadLinks(folder: string, base: string): readonly string[] {
  const pages = new Map(
    globSync("**/*.html", { cwd: folder }).map((file) => [file, readPage(readFileSync(join(folder, file), "utf8"))]),
  );
  const dead = [...pages].flatMap(([file, { links }]) =>
    links.filter((link) => !leadsSomewhere(link, file)).map((link) => `${file}: ${link}`),
  );
  return [...new Set(dead)].toSorted();

  function leadsSomewhere(link: string, from: string): boolean {
    const url = new URL(link, `${SITE}${base}${from}`);
    if (url.origin !== SITE) return true;
    if (!url.pathname.startsWith(base)) return false;
    const path = decodeURIComponent(url.pathname.slice(base.length));
    const file = path === "" || path.endsWith("/") ? `${path}index.html` : path;
    if (!existsSync(join(folder, file))) return false;
    const place = decodeURIComponent(url.hash.slice(1));
    return place === "" || pages.get(file)?.places.has(place) === true;
  }
}

/** How VitePress makes the site of docs/: `npm run docs`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { anchorOf, DOCS, PAGE_GROUPS, readLink, titleOf } from "../pages.ts";

/** Where people read the source, with a slash at the end; without it files that are no page are named and not linked. */
const source = process.env["STASH_BATCH_SOURCE_URL"] ?? "";

const itemOf = (page: string) => ({
  text: titleOf(readFileSync(join(DOCS, `${page}.md`), "utf8")),
  link: `/${page}`,
});

export default defineConfig({
  title: "stash-batch",
  description: "Backup and restore for Kubernetes applications made of several parts",
  lang: "en",
  srcDir: DOCS,
  // Of pages; of places in them dead-links.ts.
  ignoreDeadLinks: false,
  lastUpdated: false,
  markdown: {
    anchor: { slugify: anchorOf },
    config(md) {
      md.core.ruler.push("source-links", ({ tokens, env }) => {
        for (const { children } of tokens) {
          const open: boolean[] = [];
          for (const token of children ?? []) {
            if (token.type === "link_close" && open.pop() === true) token.tag = "span";
            if (token.type !== "link_open") continue;
            const target = readLink(String(env.relativePath ?? ""), token.attrGet("href") ?? "");
            const isUnlinked = target.kind === "source" && source === "";
            open.push(isUnlinked);
            if (isUnlinked) {
              token.tag = "span";
              token.attrs = null;
            } else if (target.kind === "source") token.attrSet("href", `${source}${target.path}`);
          }
        }
      });
    },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    sidebar: PAGE_GROUPS.map(({ text, pages }) => ({ text, items: pages.map(itemOf) })),
  },
});

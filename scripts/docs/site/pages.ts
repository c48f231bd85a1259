/** The pages of the site, in the order in which its side shows them, and how links in them are read. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Folder of the Markdown that the site is made of. */
export const DOCS = resolve(import.meta.dirname, "../../../docs");

export interface PageGroup {
  readonly text: string;
  /** Pages without `.md`. */
  readonly pages: readonly string[];
}

export const PAGE_GROUPS: readonly PageGroup[] = [
  {
    text: "For users",
    pages: [
      "quickstart",
      "concepts",
      "your-application",
      "auto-backup",
      "hooks",
      "restore",
      "proof",
      "ui",
      "cli",
      "fields",
    ],
  },
  {
    text: "For operators",
    pages: [
      ...["install", "chart", "gitops", "upgrade", "operations", "status", "runbooks", "security", "troubleshooting"],
      ...["errors", "migration", "coming-from", "compatibility"],
    ],
  },
  {
    text: "For those who change it",
    pages: ["architecture", "sessions", "jobs", "scheduling", "test-cluster", "release", "style"],
  },
  {
    text: "Why it is so",
    pages: [
      "README",
      "host-runs",
      "one-namespace",
      "injection-at-admission",
      "own-api-client",
      "agent-without-library",
      "calendar",
      "go-templates",
      "real-node",
      "json-patch",
      "unconcerned",
      "verdicts",
    ].map((name) => `decisions/${name}`),
  },
];

/** The first heading. @throws Error when a page has none */
export function titleOf(markdown: string): string {
  const title = /^# (.+)$/m.exec(markdown)?.[1];
  if (title === undefined) throw new Error("the page has no heading");
  return title.replaceAll("`", "");
}

/** Anchors as they are where the same Markdown is shown by its host, for which its links are written. */
export function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "")
    .replaceAll(" ", "-");
}

/** What a link of a page leads to. */
export type LinkTarget =
  | { readonly kind: "page"; readonly href: string }
  /** A file of this repository that is no page; the path from its root. */
  | { readonly kind: "source"; readonly path: string };

/**
 * @param page path of the page below `docs`
 * @param href as it stands in the Markdown
 */
export function readLink(page: string, href: string): LinkTarget {
  if (/^([a-z]+:|#|\/)/i.test(href)) return { kind: "page", href };
  const [path = "", anchor] = href.split("#");
  const target = resolve(DOCS, page, "..", path);
  const root = resolve(DOCS, "..");
  const isPage = target.startsWith(`${DOCS}/`);
  if (isPage) return { kind: "page", href };
  if (!existsSync(target)) throw new Error(`${page} links to ${href}, which does not exist`);
  return { kind: "source", path: target.slice(join(root, "/").length) + (anchor === undefined ? "" : `#${anchor}`) };
}

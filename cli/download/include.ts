/** Patterns of --include, as restic reads them. Pure. */
import { RE2JS } from "re2js";
import { UsageError } from "../program/usage-error.ts";

const MAX_LENGTH = 1_024;

export interface Includes {
  /** Whether a path, or a folder that it is in, is meant. */
  has(path: string): boolean;
  /** Folder that holds everything that can be meant. */
  readonly root: string;
}

/**
 * `*` and `?` stand for what is in one name, `**` for folders too. A pattern that begins with a slash starts at the root, any other one
 * in any folder.
 *
 * @throws UsageError for one that is too long
 */
export function readIncludes(patterns: readonly string[]): Includes {
  if (patterns.length === 0) return { has: () => true, root: "/" };
  const compiled = patterns.map((pattern) => {
    if (pattern.length > MAX_LENGTH) throw new UsageError("--include is too long");
    return RE2JS.compile(sourceOf(pattern));
  });
  return {
    has: (path) => compiled.some((one) => one.matches(path)),
    root: commonFolder(patterns.map(fixedFolder)),
  };
}

function sourceOf(pattern: string): string {
  const start = pattern.startsWith("/") ? "" : "(?s:.*)/";
  const parts = pattern.replace(/\/+$/, "").split(/(\*\*|\*|\?)/);
  const source = parts.map((part) => {
    if (part === "**") return "(?s:.*)";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : RE2JS.quote(part);
  });
  return `${start}${source.join("")}(?:/(?s:.*))?`;
}

/** Segments before the first wildcard; of a pattern without one, the path itself. */
function fixedFolder(pattern: string): string {
  if (!pattern.startsWith("/")) return "/";
  const segments = pattern.split("/").filter(Boolean);
  const wild = segments.findIndex((segment) => /[*?]/.test(segment));
  return `/${(wild < 0 ? segments : segments.slice(0, wild)).join("/")}`;
}

function commonFolder(folders: readonly string[]): string {
  const [first = "/", ...others] = folders;
  const segments = first.split("/").filter(Boolean);
  const common = others.reduce((count, folder) => {
    const theirs = folder.split("/").filter(Boolean);
    const differs = segments.findIndex((segment, at) => segment !== theirs[at]);
    return Math.min(count, differs < 0 ? segments.length : differs);
  }, segments.length);
  return `/${segments.slice(0, common).join("/")}`;
}

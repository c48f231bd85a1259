/** Every manifest in the documents, the examples and the demo is one that the product takes, and every link and code in them exists. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { STORED_KINDS } from "../../../scripts/crds/definitions.ts";
import { parserOf } from "../../../shared/api/parse.ts";
import { ERRORS } from "../../../shared/errors.ts";
import { isJsonObject, textAt } from "../../../shared/json/value.ts";
import { INJECTION_REASONS, SKIP_REASONS } from "../../../shared/reasons.ts";
import { findUnknownFields } from "./unknown-fields.ts";

const root = resolve(import.meta.dirname, "../../..");
const PAGES = ["README.md", ...globSync("docs/*.md", { cwd: root })].sort();
const pages = PAGES.map((path) => [path, readFileSync(join(root, path), "utf8")] as const);

interface Block {
  readonly name: string;
  readonly text: string;
}

const MANIFESTS = globSync(["manifests/examples/*.yaml", "scripts/demo/manifests/*.yaml"], { cwd: root }).sort();

const shown: readonly Block[] = pages.flatMap(([path, text]) => {
  return [...text.matchAll(/^( *)```ya?ml\n([\s\S]*?)^ *```/gm)].map((match, at) => {
    return { name: `${path} ${at + 1}`, text: match[2] ?? "" };
  });
});

const blocks: readonly Block[] = [
  ...shown,
  ...MANIFESTS.map((path) => ({ name: path, text: readFileSync(join(root, path), "utf8") })),
];

test("the documents show manifests, and examples and demo have some", () => {
  expect(shown.length).toBeGreaterThan(8);
  expect(MANIFESTS.length).toBeGreaterThan(5);
});

describe.each(blocks)("$name", ({ text }) => {
  const documents = parseAllDocuments(text);

  test("is YAML", () => {
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
  });

  test("holds whole objects, and those of ours are read without a fault or an unknown field", () => {
    for (const document of documents) {
      const value: unknown = document.toJS();
      expect(isJsonObject(value) && textAt(value, "kind"), text).toBeTruthy();
      const kind = STORED_KINDS.find(({ entry }) => {
        return entry.kind === textAt(value, "kind") && entry.apiVersion === textAt(value, "apiVersion");
      });
      const isOurs = textAt(value, "apiVersion")?.includes("appscode.com") === true;
      expect(kind !== undefined, `${textAt(value, "kind")} is a kind of ours`).toBe(isOurs);
      if (kind === undefined) continue;
      expect(findUnknownFields(kind.schema, value, textAt(value, "kind") ?? "")).toEqual([]);
      // Namespaces are filled in by kubectl where a page leaves them out.
      const object = isJsonObject(value) ? value : {};
      const metadata = isJsonObject(object["metadata"]) ? object["metadata"] : {};
      const stored = { ...object, metadata: { namespace: "default", ...metadata } };
      expect(() => parserOf(kind.entry, kind.schema)(stored)).not.toThrow();
    }
  });
});

/** GitHub's anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-");
}

test.each(pages)("%s: each link leads somewhere", (path, text) => {
  const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
    if (/^https?:/.test(link)) return [];
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? join(root, path) : join(root, dirname(path), file);
    if (!existsSync(target)) return [link];
    if (anchor === undefined) return [];
    const headings = [...readFileSync(target, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      anchorOf(heading),
    );
    return headings.includes(anchor) ? [] : [link];
  });
  expect(broken).toEqual([]);
});

test("codes and reasons in the page on troubleshooting exist", () => {
  const text = pages.find(([path]) => path === "docs/troubleshooting.md")?.[1] ?? "";
  const codes = [...text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code = ""]) => code);
  expect(codes.length).toBeGreaterThan(20);
  expect(codes.filter((code) => !(code in ERRORS))).toEqual([]);
  const section = text.slice(text.indexOf("## No sidecar"), text.indexOf("## A session"));
  const reasons = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason = ""]) => reason);
  expect(reasons.length).toBeGreaterThan(5);
  expect(reasons.filter((reason) => !(reason in INJECTION_REASONS))).toEqual([]);
  const skips = [...text.matchAll(/`Skipped`, `(\w+)`/g)].map(([, reason = ""]) => reason);
  expect(skips.length).toBeGreaterThan(2);
  expect(skips.filter((reason) => !(reason in SKIP_REASONS))).toEqual([]);
});

/** Builds the pages of `kubectl stash ui` with Vite, as texts that go into the program: it stays one file. */
import { join, resolve } from "node:path";
import { build } from "vite";
import type { PageFile } from "../cli/ui/pages.ts";

const root = resolve(import.meta.dirname, "..");

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** @returns the files by name; nothing is written */
export async function buildPages(): Promise<Readonly<Record<string, PageFile>>> {
  const built = await build({
    root: join(root, "web"),
    configFile: false,
    envDir: false,
    logLevel: "warn",
    // Wherever the program serves them.
    base: "./",
    publicDir: false,
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: { write: false, target: "es2022", modulePreload: { polyfill: false }, assetsDir: "", assetsInlineLimit: 0 },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((one) => ("output" in one ? one.output : []));
  return Object.fromEntries(
    outputs.map((file): readonly [string, PageFile] => {
      const content = file.type === "chunk" ? file.code : file.source;
      const text = typeof content === "string" ? content : Buffer.from(content).toString("utf8");
      const type = TYPES[file.fileName.split(".").at(-1) ?? ""];
      if (type === undefined) throw new TypeError(`${file.fileName} is of no type that is served`);
      return [file.fileName, { type, text }];
    }),
  );
}

/** The pages as `npm run build` put them into this program. */
import { UserError } from "../../shared/errors.ts";

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

/** By file name; `index.html` is the page itself. */
export type PageFiles = Readonly<Record<string, PageFile>>;

/** The bundler puts the files in place of the name. */
declare const STASH_UI_PAGES: PageFiles | undefined;

/** @throws UserError CONFIGURATION_INVALID in a program that was not built */
export function readPages(): PageFiles {
  if (typeof STASH_UI_PAGES !== "undefined" && STASH_UI_PAGES !== undefined) return STASH_UI_PAGES;
  throw new UserError("CONFIGURATION_INVALID", "this program has no pages: it runs from its source", {
    next: "run `npm run build`, then dist/kubectl-stash.cjs ui",
  });
}

/** Name of the icon: without one browsers ask where there is none. */
export function iconOf(pages: PageFiles): string | undefined {
  return Object.keys(pages).find((name) => name.endsWith(".svg"));
}

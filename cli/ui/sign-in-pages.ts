/** What is shown before a browser is signed in: it needs none of the other pages, which nobody may load yet. */

/** A text as it may stand in an attribute, or between tags. Pure. */
const quoted = (address: string) => address.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");

const page = (title: string, head: string, body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>${head}</head><body><main>${body}</main></body></html>\n`;

/**
 * A page that leads on by itself, and leaves no entry of its own in the browser's history. Pure.
 *
 * @param icon its address: without one browsers ask where there is none
 */
export function formatLeadingPage(address: string, icon?: string): string {
  const refresh = `<meta http-equiv="refresh" content="0; url=${quoted(address)}">`;
  const link = icon === undefined ? "" : `<link rel="icon" href="${quoted(icon)}">`;
  return page("kubectl stash ui", `${refresh}${link}`, `<p><a href="${quoted(address)}">Go on</a></p>`);
}

/** Why whoever came through a proxy is shown nothing. Pure. */
export function formatUnknownPage(message: string, next: string): string {
  return page(
    "Not signed in",
    "",
    `<h1>Nothing can be shown</h1><p>${quoted(message)}.</p><p>Next: ${quoted(next)}.</p>`,
  );
}

export const REFUSED_PAGE: string = page(
  "Not signed in",
  "",
  "<h1>This browser is not signed in</h1><p>An address of <code>kubectl stash ui</code> signs in one browser, once, within ten " +
    "minutes. Start the program again for a new one.</p>",
);

/** A long list, page by page: on the pages where it comes as a whole, in the program where it is followed. Pure. */
import type { Paged } from "./envelope.ts";

export const PAGE_SIZE = 50;

/** @param wanted number of the page as the address has it; what is none is the first, what lies behind the last is the last */
export function pageOf<T>(
  rows: readonly T[],
  wanted = "0",
  pageSize = PAGE_SIZE,
): Paged & { readonly rows: readonly T[] } {
  const last = Math.max(0, Math.ceil(rows.length / pageSize) - 1);
  const page = /^\d+$/.test(wanted) ? Math.min(last, Number(wanted)) : 0;
  return { total: rows.length, page, pageSize, rows: rows.slice(page * pageSize, (page + 1) * pageSize) };
}

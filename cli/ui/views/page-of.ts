/** A long list, page by page. Pure. */
import type { Paged } from "../../../web/wire/envelope.ts";

export const PAGE_SIZE = 50;

/** @param wanted number of the page as the address has it; what is none is the first, what lies behind the last is the last */
export function pageOf<T>(
  rows: readonly T[],
  wanted: string | undefined,
  pageSize = PAGE_SIZE,
): Paged & { readonly rows: readonly T[] } {
  const last = Math.max(0, Math.ceil(rows.length / pageSize) - 1);
  const asked = Number(wanted ?? 0);
  const page = Number.isSafeInteger(asked) ? Math.min(last, Math.max(0, asked)) : 0;
  return { total: rows.length, page, pageSize, rows: rows.slice(page * pageSize, (page + 1) * pageSize) };
}

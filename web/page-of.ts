/** A page of an answer that comes as a whole; of lists that are followed the program tells one page at a time. Pure. */
import type { Paged } from "./wire/envelope.ts";

const PAGE_SIZE = 50;

/** @param wanted number of the page as the address has it; what is none is the first, what lies behind the last is the last */
export function pageOf<T>(rows: readonly T[], wanted = "0"): Paged & { readonly rows: readonly T[] } {
  const last = Math.max(0, Math.ceil(rows.length / PAGE_SIZE) - 1);
  const page = /^\d+$/.test(wanted) ? Math.min(last, Number(wanted)) : 0;
  return { total: rows.length, page, pageSize: PAGE_SIZE, rows: rows.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE) };
}

/**
 * `npm run kstatus`: how kstatus reads each kind in each phase. The statuses are made now, by the reconciler's own decisions, and read by the
 * rules that Flux, `helm --wait` and `kubectl wait` go by; docs/status.md shows the same table.
 */
import { kstatusOf } from "../tests/support/status/kstatus.ts";
import { RECORDED_OBJECTS } from "../tests/support/status/recorded-objects.ts";

/** Rows of a Markdown table: object, status, kstatus. */
export function kstatusRows(): readonly string[] {
  return RECORDED_OBJECTS.map(({ kind, what, object }) => `| ${kind} | ${what} | ${kstatusOf(object)} |`);
}

if (import.meta.main) console.log(["| object | status | kstatus |", "|---|---|---|", ...kstatusRows()].join("\n"));

/** Renders docs/errors.md from the table in shared/errors.ts. Called by `npm run generate`. */
import { ERRORS } from "../shared/errors.ts";

/** The whole page, ready to be written. */
export function renderErrorTable(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { meaning, next, retryable }]) => `| \`${code}\` | ${meaning} | ${next} | ${retryable ? "yes" : "no"} |`,
  );
  return [
    "# Errors",
    "",
    "Each error has a code. It is the `reason` of a condition or of a host's entry in the status, and stands in logs as `code`.",
    '"Retry" tells whether the same thing can succeed later without a change; only then is it tried again by itself.',
    "",
    "| code | what it means | what to do | retry |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

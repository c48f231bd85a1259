import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { renderErrorTable } from "../../../scripts/generate-errors.ts";
import { ERRORS, formatUserError, UserError } from "../../../shared/errors.ts";

test("docs/errors.md holds exactly the codes, meanings and next steps of the table", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/errors.md"), "utf8");
  expect(page).toBe(renderErrorTable());
});

test.each(Object.entries(ERRORS))("%s says in whole sentences what it means and what to do", (_code, entry) => {
  expect(entry.meaning).toMatch(/^[A-Za-z].*\.$/);
  expect(entry.next).toMatch(/^[A-Z].*\.$/);
});

test("an error keeps its cause, and says the next step more exactly when it can", () => {
  const cause = new Error("exit 12");
  const error = new UserError("REPOSITORY_WRONG_PASSWORD", "repository demo/repo can't be opened", {
    cause,
    next: "fix the Secret",
  });
  expect(error.cause).toBe(cause);
  expect(error.retryable).toBe(false);
  expect(formatUserError(error)).toBe("repository demo/repo can't be opened (next: fix the Secret)");
});

test.each(["REPOSITORY_WRONG_PASSWORD", "BACKEND_REFUSED"] as const)(
  "E15: %s says that running pods get a changed Secret later",
  (code) => {
    const said = formatUserError(new UserError(code, "repository demo/repo can't be opened"));
    expect(said).toContain("a minute or two");
    expect(said).toContain("Secret");
  },
);

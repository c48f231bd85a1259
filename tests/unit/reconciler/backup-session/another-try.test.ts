import { expect, test } from "vitest";
import { isWorthAnotherTry } from "../../../../reconciler/backup-session/facts.ts";

test.each([
  ["PATH_NOT_FOUND", true],
  ["FILES_UNREADABLE", true],
  ["BACKEND_REFUSED", true],
  ["BACKEND_UNREACHABLE", true],
  ["JOB_FAILED", true],
  ["NO_SPACE", true],
  [undefined, true],
  ["AnythingOfOthers", true],
  ["REPOSITORY_WRONG_PASSWORD", false],
  ["REPOSITORY_DAMAGED", false],
  ["SECRET_INVALID", false],
  ["TARGET_INVALID", false],
  ["NOT_ALLOWED", false],
  ["PATH_INSIDE_REPOSITORY", false],
])("E9: whether a session is tried again after %s: %s", (code, isTried) => {
  expect(isWorthAnotherTry(code)).toBe(isTried);
});

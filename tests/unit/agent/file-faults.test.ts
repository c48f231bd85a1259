import { expect, test } from "vitest";
import { asUserError } from "../../../agent/file-faults.ts";
import { UserError } from "../../../shared/errors.ts";

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: words, unlink '/data/x'`), { code, syscall: "unlink" });
}

test.each([
  ["EROFS", "PERMISSION_DENIED"],
  ["EACCES", "PERMISSION_DENIED"],
  ["EPERM", "PERMISSION_DENIED"],
  ["ETXTBSY", "PERMISSION_DENIED"],
  ["EBUSY", "PERMISSION_DENIED"],
  ["ENOSPC", "NO_SPACE"],
  ["EDQUOT", "NO_SPACE"],
  ["EIO", "INTERNAL"],
])("C13: %s of the agent's own work is %s, with the system's words", (name, code) => {
  const error = asUserError(systemError(name), "restore of /data");
  expect([error.code, error.message]).toEqual([code, `restore of /data: ${name}: words, unlink '/data/x'`]);
});

test("what is known already stays, and what nobody knows is internal", () => {
  const known = new UserError("NO_SPACE", "full");
  expect(asUserError(known, "x")).toBe(known);
  expect(asUserError(new TypeError("x is not a function")).code).toBe("INTERNAL");
  expect(asUserError(new DOMException("stopped", "AbortError")).code).toBe("RESTIC_KILLED");
});

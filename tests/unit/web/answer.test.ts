/** What the pages make of an answer, whoever it is of. */
import { expect, test } from "vitest";
import { readAnswer, SIGNED_OUT, SILENT } from "../../../web/answer.ts";

const REFUSAL = { error: { code: "API_FORBIDDEN", message: "you lack the right", next: "ask for it" } };

test.each([
  ["a value", 200, "basic", '{"value":{"a":1}}', { kind: "good", value: { a: 1 } }],
  [
    "a refusal of ours",
    403,
    "basic",
    JSON.stringify(REFUSAL),
    { kind: "bad", message: "API_FORBIDDEN: you lack the right", next: "ask for it" },
  ],
  ["a token that is over", 401, "basic", '{"error":{"code":"TOKEN_REFUSED","message":"x","next":"y"}}', SIGNED_OUT],
  ["a proxy that leads to where one signs in", 0, "opaqueredirect", "", SIGNED_OUT],
  ["a proxy's own page for it", 403, "basic", "<!doctype html>sign in", SIGNED_OUT],
  ["a proxy that finds nobody behind it", 502, "basic", "<html>Bad Gateway</html>", SILENT],
  ["JSON that is no answer", 200, "basic", "null", SILENT],
  ["a list", 200, "basic", "[]", SILENT],
])("%s", (_what, status, type, text, answer) => {
  expect(readAnswer({ status, type, text })).toEqual(answer);
});

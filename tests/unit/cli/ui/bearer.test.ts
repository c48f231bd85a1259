/** Tokens as proxies pass them on. */
import { describe, expect, test } from "vitest";
import { expiryOf, readBearer } from "../../../../cli/ui/bearer.ts";

describe("the Authorization header", () => {
  test.each([
    ["a token", ["Bearer abc.DEF_-~+/=="], "abc.DEF_-~+/=="],
    ["in another case", ["bearer abc"], "abc"],
    ["none", undefined, undefined],
    ["nothing in it", [""], undefined],
    ["no token in it", ["Bearer "], undefined],
    ["another scheme", ["Basic YTpi"], undefined],
    ["two of them", ["Bearer abc", "Bearer def"], undefined],
    ["the same twice", ["Bearer abc", "Bearer abc"], undefined],
    ["two in one, as some programs join them", ["Bearer abc, Bearer def"], undefined],
    ["something behind it", ["Bearer abc def"], undefined],
    ["the end of a line in it", ["Bearer abc\r\nImpersonate-User: admin"], undefined],
    ["letters that are none in a header", ["Bearer äbc"], undefined],
    ["as long as tokens with many groups are", [`Bearer ${"a".repeat(9_000)}`], "a".repeat(9_000)],
    ["longer than any token", [`Bearer ${"a".repeat(20_000)}`], undefined],
  ])("with %s", (_what, values, token) => {
    expect(readBearer(values)).toBe(token);
  });

  test("costs no more the longer it is", () => {
    const startedMs = performance.now();
    for (let at = 0; at < 1_000; at++) readBearer([`Bearer ${"=".repeat(11_000)}!`]);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});

describe("when a token ends", () => {
  const jwt = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.sig`;
  test.each([
    ["by its claim", jwt({ exp: 1_900_000_000 }), 1_900_000_000_000],
    ["a claim that is a text", jwt({ exp: "1900000000" }), undefined],
    ["no claim", jwt({}), undefined],
    ["claims that are none", "e30.bnVsbA.sig", undefined],
    ["no JSON", "a.b.c", undefined],
    ["a token of another kind", "sha256~abc", undefined],
    ["too many parts", `${jwt({ exp: 1 })}.x`, undefined],
  ])("%s", (_what, token, at) => {
    expect(expiryOf(token)).toBe(at);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, fnv1a64, fnv1a64Decimal, shortHash } from "../../../shared/hash.ts";

/** The definition, by numbers of any size. */
function byDefinition(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text, "utf8")) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash;
}

describe("the hash", () => {
  test("gives the published values", () => {
    expect(fnv1a64("")).toBe(0xcbf29ce484222325n);
    expect(fnv1a64("a")).toBe(0xaf63dc4c8601ec8cn);
    expect(fnv1a64("foobar")).toBe(0x85944171f73967e8n);
    expect(fnv1a64Decimal("foobar")).toBe("9625390261332436968");
  });

  test("follows the definition for every text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(fnv1a64(text)).toBe(byDefinition(text));
      }),
      { numRuns: 5_000 },
    );
  });

  test("has a short form that is fit for names", () => {
    for (const text of ["", "a", "s3-secret", "ü"]) expect(shortHash(text)).toMatch(/^[0-9a-z]{10}$/);
  });
});

describe("canonical JSON", () => {
  test("is one text for equal values, whatever the order of fields", () => {
    expect(canonicalJson({ b: [1, { d: null, c: "x" }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
    expect(canonicalJson([undefined, true, 1.5, 'a"b'])).toBe('[null,true,1.5,"a\\"b"]');
  });

  test("can be read as the value that it was made from", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { roleFilter } from "../../../../agent/dump/role-filter.ts";
import { readRoleLines } from "../../../../agent/dump/role-lines.ts";

const HEADER = "--\n-- PostgreSQL database cluster dump\n--\n\nSET x = 1;\n";
const ROLES = "CREATE ROLE app;\nCREATE ROLE other;\n";
const REST = Buffer.concat([
  Buffer.from("\\connect shop\n\nCREATE ROLE app;\n"),
  Buffer.from([0x00, 0xff, 0x0a, 0xc3, 0x28]),
  Buffer.from("no line break at the end"),
]);

test.each([1, 2, 3, 7, 64, 100_000])(
  "a dump in pieces of %i bytes loses the roles that exist and nothing else",
  async (size) => {
    const dump = Buffer.concat([Buffer.from(HEADER + ROLES), REST]);
    const pieces = Array.from({ length: Math.ceil(dump.length / size) }, (_, at) =>
      dump.subarray(at * size, (at + 1) * size),
    );
    const filtered = await buffer(Readable.from(pieces).pipe(roleFilter(readRoleLines(["app"], "postgres"))));
    expect(filtered).toEqual(Buffer.concat([Buffer.from(`${HEADER}CREATE ROLE other;\n`), REST]));
  },
);

test("a dump that ends among the roles keeps its last line", async () => {
  const filtered = await buffer(
    Readable.from([Buffer.from(`${HEADER}CREATE ROLE x`)]).pipe(roleFilter(readRoleLines([], ""))),
  );
  expect(filtered.toString()).toBe(`${HEADER}CREATE ROLE x`);
});

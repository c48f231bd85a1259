import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editForOlderServer, HEADER_TIMEOUTS } from "../../../../agent/dump/older-server.ts";
import { roleFilter } from "../../../../agent/dump/role-filter.ts";
import { readRoleLines } from "../../../../agent/dump/role-lines.ts";
import { settingsFilter } from "../../../../agent/dump/settings-filter.ts";

const LINE = "SET transaction_timeout = 0;\n";
/** Of a server of version 14. */
const KNOWN = ["140012", ...HEADER_TIMEOUTS.filter((name) => name !== "transaction_timeout"), "search_path"];

function editOf(answer: readonly string[]) {
  const edit = editForOlderServer(answer);
  if (edit === undefined) throw new Error("such a server needs no filter");
  return edit;
}

function cut(dump: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, index = 0; at < dump.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    pieces.push(dump.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** Texts are of one character a byte. */
async function filter(dump: string, sizes: readonly number[] = [dump.length]): Promise<string> {
  const pieces = cut(Buffer.from(dump, "latin1"), sizes);
  return (await buffer(Readable.from(pieces).pipe(settingsFilter(editOf(KNOWN))))).toString("latin1");
}

describe("left out are", () => {
  test.each([
    ["at the head", `--\n-- PostgreSQL database dump\n--\n\nSET lock_timeout = 0;\n${LINE}SET x = 1;\n`],
    ["behind rows", `COPY public.t (a) FROM stdin;\n1\n\\.\n\n\n${LINE}`],
    ["behind rows with a carriage return", `COPY t FROM stdin;\n1\n\\.\r\n${LINE}`],
    ["behind no rows", `COPY t FROM STDIN WITH (FORMAT csv);\n\\.\n${LINE}`],
    ["behind a copy to somewhere", `COPY t TO stdout;\n${LINE}`],
    ["behind a copy of a query", `COPY (SELECT 1 FROM stdin) TO stdout;\n${LINE}`],
    ["behind a connection", `\\connect -reuse-previous=on "dbname='it''s' \\\\'"\n${LINE}`],
    ["behind a restriction", `\\restrict aB3'$$\n\n${LINE}\\unrestrict aB3'$$\n`],
    ["behind strings", `SELECT 'a''b\\', E'\\'', e'\\\\', b'0', "a""b';", U&'\\0041';\n${LINE}`],
    ["behind names and numbers with quotes and dollars", `SELECT a$b$c, type'x', 1E'\\', $1, 5$$'$$;\n${LINE}`],
    ["behind bodies", `DO $_$ $$ $x$ ' $_ $_$;\n${LINE}`],
    ["behind comments", `/* /* ' */ -- */-- ' /*\n${LINE}`],
    ["behind a comment that a carriage return ends", `-- a\rSELECT 1;\n${LINE}`],
    ["behind operators", `SELECT 1 - 1, 2 / 2 * 3 */**/ 4;\n${LINE}`],
    ["behind a comment on its line", `SELECT 1; -- '\n${LINE}`],
    ["behind a statement with semicolons", `CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);\n${LINE}`],
  ])("lines %s", async (_where, dump) => {
    const expected = dump.replace(LINE, "");
    expect(expected).not.toBe(dump);
    for (const sizes of [[dump.length], [1], [2, 3]]) expect(await filter(dump, sizes)).toBe(expected);
  });

  test("the last line without a line break", async () => {
    for (const sizes of [[100], [1]])
      expect(await filter("SELECT 1;\nSET transaction_timeout = 0;", sizes)).toBe("SELECT 1;\n");
  });

  test("those alone that the server does not know", async () => {
    const known = HEADER_TIMEOUTS.map((name) => `SET ${name} = 0;\n`).join("");
    expect(await filter(`${known}SET future_timeout = 0;\n`)).toBe(known.replace(LINE, ""));
  });
});

describe("kept is the same text", () => {
  test.each([
    ["in rows", `COPY public.t (a) FROM stdin;\n${LINE}\\N\n\\\\.\n${LINE}\\.x\n${LINE}\\.\n`],
    ["in rows of a table with a line in its name", `COPY public."a\n${LINE}" ("b\n;") FROM stdin;\n${LINE}\\.\n`],
    ["in rows that a comment announces", `COPY t FROM stdin; -- rows\n${LINE}\\.\n`],
    ["in a string", `INSERT INTO t VALUES ('\n${LINE}''\n${LINE}\\');\n`],
    ["in a string with escapes", `SELECT E'\\'\n${LINE}''\n${LINE}\\\\\\'\n${LINE}';\n`],
    [
      "in a string of a dump without standard strings",
      `SET standard_conforming_strings = off;\nSELECT '\\'\n${LINE}';\n`,
    ],
    ["in a name", `SELECT "\n${LINE}""\n${LINE}";\n`],
    ["in a body", `CREATE FUNCTION f() AS $$\n${LINE}$x$\n${LINE}$$;\n`],
    ["in a body with a tag", `DO $_X9é$\n${LINE}$$\n${LINE}$_X9$\n${LINE}$_X9é$;\n`],
    ["in a comment", `/*\n${LINE}/* /*/ */*/\n${LINE}**/\n`],
    ["in the middle of a statement", `UPDATE t\n${LINE}`],
    ["in a statement with parentheses", `CREATE RULE r AS ON INSERT TO t DO (UPDATE t\n${LINE}SELECT 1;\n${LINE});\n`],
    [
      "with more on its line",
      `SET transaction_timeout = 0; SELECT 1;\n SET transaction_timeout = 0;\nSET transaction_timeout = 0 ;\n`,
    ],
    ["with another value", "SET transaction_timeout = 1;\nSET transaction_timeout TO DEFAULT;\nSET transaction = 0;\n"],
    ["behind another statement", "SELECT 1; SET transaction_timeout = 0;\n"],
    [
      "in a string of an encoding with backslashes in its characters",
      `SET client_encoding = 'SJIS';\nSELECT E'\x83\\',\n'\n${LINE}', E'\xb1\\'\n${LINE}';\n`,
    ],
    ["in a line that never ends", `SET ${"x".repeat(10_000)}\n${LINE};\n`],
  ])("%s", async (_where, dump) => {
    for (const sizes of [[dump.length], [1], [2, 3], [4_096]]) expect(await filter(dump, sizes)).toBe(dump);
  });
});

/** What a body of any kind may hold, before it is made fit for that kind. */
const FRAGMENTS = [
  LINE,
  `\n${LINE}`,
  "\n",
  "\\.",
  "\n\\.\n",
  "'",
  '"',
  "$$",
  "$a$",
  "$",
  "--",
  "/*",
  "*/",
  "\\",
  ";",
  "(",
  ")",
];
const MORE = ["COPY t FROM stdin;\n", "E'", "\\connect x\n", "\r", "\xff\xc3\x28", "text", "SET x = 1;\n", " "];
const body = fc.array(fc.constantFrom(...FRAGMENTS, ...MORE), { maxLength: 12 }).map((parts) => parts.join(""));

const kept = (text: string) => ({ text, expected: text });
const segment = fc.oneof(
  fc.constant({ text: LINE, expected: "" }),
  fc.constant({ text: "SET future_timeout = 0;\n", expected: "" }),
  fc.constantFrom("SET lock_timeout = 0;\n", "\n", "SELECT 1;\n", "\\restrict abc'\n", '\\connect "it\'s"\n').map(kept),
  body.map((text) => kept(`COPY public.t (a) FROM stdin;\n${text.replace(/^\\\.(?=\r?$)/gm, "\\\\.")}\n\\.\n`)),
  body.map((text) => kept(`COPY t ("${text.replaceAll('"', '""')}") FROM stdin;\n${LINE}\\.\n`)),
  body.map((text) => kept(`INSERT INTO t VALUES (1, '${text.replaceAll("'", "''")}');\n`)),
  body.map((text) => kept(`SELECT E'${text.replace(/['\\]/g, "\\$&")}';\n`)),
  body.map((text) => kept(`SELECT E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}';\n`)),
  body.map((text) => kept(`SELECT "${text.replaceAll('"', '""')}" FROM t;\n`)),
  body.map((text) => kept(`DO $$${text.replace(/\$(?=\$|$)/g, "$ ")}$$;\n`)),
  body.map((text) => kept(`CREATE FUNCTION f() AS $_b$${text}$_b$ LANGUAGE sql;\n`)),
  body.map((text) => kept(`-- ${text.replace(/[\r\n]/g, " ")}\n`)),
  fc.tuple(body, body).map(([outer, inner]) => {
    const plain = (text: string) => text.replace(/[*/]/g, "+");
    return kept(`/*${plain(outer)}/*${plain(inner)}*/ ' ${plain(outer)} */\n`);
  }),
  body.map((text) => kept(`UPDATE t -- ${text.replace(/[\r\n]/g, " ")}\n${LINE}`)),
);

test("any dump, cut anywhere, loses what the server does not know and nothing else", async () => {
  const dumps = fc.array(segment, { maxLength: 12 });
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(dumps, sizes, async (segments, cuts) => {
      const dump = segments.map(({ text }) => text).join("");
      const expected = segments.map((one) => one.expected).join("");
      expect(await filter(dump, cuts)).toBe(expected);
      expect(await filter(dump)).toBe(expected);
    }),
    { numRuns: 1_000 },
  );
});

test("bytes that are no SQL at all come out as they went in, however they are cut", async () => {
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
  await fc.assert(
    fc.asyncProperty(fc.oneof(noise, body), fc.integer({ min: 1, max: 9 }), async (text, size) => {
      const whole = await filter(text);
      expect(await filter(text, [size])).toBe(whole);
      if (!text.includes(LINE.trim())) expect(whole).toBe(text);
    }),
  );
});

test("both filters together leave out roles at the head and settings everywhere", async () => {
  const head = "--\n-- PostgreSQL database cluster dump\n--\n\n\\restrict a\n\n";
  const dump = Buffer.from(`${head}CREATE ROLE app;\n\\connect shop\n${LINE}CREATE ROLE app;\n\\connect b\n${LINE}`);
  const filtered = Readable.from(cut(dump, [7]))
    .pipe(roleFilter(readRoleLines(["app"], "postgres")))
    .pipe(settingsFilter(editOf(KNOWN)));
  expect((await buffer(filtered)).toString()).toBe(`${head}\\connect shop\nCREATE ROLE app;\n\\connect b\n`);
});

test("rows pass without being held back", () => {
  const pieces: Buffer[] = [];
  const stream = settingsFilter(editOf(KNOWN)).on("data", (piece: Buffer) => pieces.push(piece));
  stream.write(`COPY t FROM stdin;\n${"x".repeat(100_000)}`);
  stream.write("y".repeat(100_000));
  expect(pieces.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(200_000);
});

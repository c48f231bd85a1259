import { describe, expect, test } from "vitest";
import { ADDONS } from "../../../../agent/dump/addons/registry.ts";
import { compareRows } from "../../../../agent/verify/databases/decide-rows.ts";
import type { DatabaseName } from "../../../../shared/databases.ts";

const LONG = 100_000;

/** As it comes whole, and cut anywhere. */
function count(kind: DatabaseName, dump: string) {
  const bytes = Buffer.from(dump);
  // A long line in pieces of one byte takes minutes, and no dump comes so.
  const pieces = bytes.length < LONG ? [1, 7] : [4_093, 65_536];
  const results = [bytes.length, ...pieces].map((size) => {
    const rows = ADDONS[kind].createRows();
    for (let at = 0; at < bytes.length; at += size) rows.feed(bytes.subarray(at, at + size));
    return rows.end()?.map(({ database, name, rows: own }) => [database, name, own]);
  });
  for (const result of results) expect(result).toEqual(results[0]);
  return results[0];
}

describe("rows of a dump by mariadb-dump", () => {
  test("are counted of each table and database, whatever stands in them", () => {
    const dump = `CREATE DATABASE /*!32312 IF NOT EXISTS*/ \`shop\`;
USE \`shop\`;
CREATE TABLE \`item\` (
  \`id\` int(11) NOT NULL,
  KEY \`INSERT INTO\` (\`id\`)
);
INSERT INTO \`item\` VALUES
(1,'a (b), (c); d'),
(2,'quote '' and \\' and \\\\'),(3,"(x)");
INSERT INTO \`item\` VALUES (4,_binary '\\0\\n);('),(5,'INSERT INTO \`other\` VALUES (1)');
CREATE TABLE \`none\` (\`id\` int);
USE \`naïve\`;
CREATE TABLE \`od\`\`d (t)\` (\`a\` int, \`VALUES (\` int);
INSERT IGNORE INTO \`od\`\`d (t)\` (\`a\`, \`VALUES (\`) VALUES (1,-2),(f(3,(4)),5);
REPLACE INTO \`item\` VALUES (1);
`;
    expect(count("mariadb", dump)).toEqual([
      ["shop", "item", 5],
      ["shop", "none", 0],
      ["naïve", "od`d (t)", 2],
      ["naïve", "item", 1],
    ]);
  });

  test("are none of what code of the database would write", () => {
    const dump = `CREATE TABLE \`a\` (\`x\` int);
DELIMITER ;;
CREATE PROCEDURE \`p\`() BEGIN
INSERT INTO \`a\` VALUES (1);
CREATE TABLE \`b\` (x int);
END ;;
DELIMITER ;
INSERT INTO \`a\` VALUES (1),(2);
`;
    expect(count("mysql", dump)).toEqual([[undefined, "a", 2]]);
  });

  test("are none of the server's own tables, which a dump of all databases holds too", () => {
    const own = ["mysql", "sys", "performance_schema"].map(
      (schema) => `USE \`${schema}\`;\nCREATE TABLE \`user\` (\`x\` int);
INSERT INTO \`user\` VALUES (1);\n`,
    );
    expect(count("mysql", `${own.join("")}USE \`mysql2\`;\nCREATE TABLE \`user\` (\`x\` int);\n`)).toEqual([
      ["mysql2", "user", 0],
    ]);
  });

  test("of one that ends in the middle are not told", () => {
    expect(count("mysql", "INSERT INTO `a` VALUES (1),(2")).toBeUndefined();
  });
});

describe("rows of a dump by pg_dump", () => {
  test("are lines, counted of each table and database", () => {
    const dump = `\\connect shop
COPY public.item (id, "from stdin;") FROM stdin;
1\\tCOPY public.x (id) FROM stdin;
2\\t\\\\.

\\.
COPY public."od""d t" FROM stdin;
\\.
\\connect -reuse-previous=on "dbname='it\\'s \\\\ odd'"
COPY "A.b".c (a) FROM stdin;
${"x".repeat(300_000)}
y
\\.
`;
    expect(count("postgres", dump)).toEqual([
      ["shop", "public.item", 3],
      ["shop", 'public.od"d t', 0],
      ["it's \\ odd", "A.b.c", 2],
    ]);
  });

  test("of one that is written by INSERT, or ends in the middle, are not told", () => {
    expect(count("postgres", "INSERT INTO public.a VALUES (1);\n")).toBeUndefined();
    expect(count("postgres", "COPY public.a (x) FROM stdin;\n1\n")).toBeUndefined();
  });
});

test("fewer rows than the dump has, and tables that are gone, are findings; more of either are none", () => {
  const dumped = [
    { database: "shop", name: "same", rows: 2 },
    { database: "shop", name: "fewer", rows: 2 },
    { database: "shop", name: "gone", rows: 0 },
    { database: undefined, name: "anywhere", rows: 3 },
    { database: undefined, name: "nowhere", rows: 3 },
  ];
  const counted = [
    { name: "shop.same", rows: 5 },
    { name: "shop.fewer", rows: 1 },
    { name: "shop.own", rows: 9 },
    { name: "other.anywhere", rows: 3 },
  ];
  expect(compareRows(dumped, counted).map(({ path }) => path)).toEqual(["shop.fewer", "shop.gone", "nowhere"]);
});

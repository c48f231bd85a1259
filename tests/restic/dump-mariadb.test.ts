import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planMysql } from "../../agent/dump/addons/mysql-client.ts";
import { createDumpWorld, type DumpWorld } from "../support/databases/dump-world.ts";
import { type MariadbServer, startMariadb } from "../support/databases/mariadb.ts";
import { runTool } from "../support/databases/server.ts";

/** Everything that an option file could trip over. */
const PASSWORD = "p\"a'#; \\s=é $x:%";

const SCHEMA = `
CREATE DATABASE shop CHARACTER SET utf8mb4;
USE shop;
CREATE TABLE item (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) NOT NULL, price DECIMAL(10,2), raw BLOB,
  made DATETIME(6), UNIQUE KEY by_name (name));
CREATE TABLE sale (id BIGINT PRIMARY KEY, item INT, note TEXT, FOREIGN KEY (item) REFERENCES item(id));
CREATE VIEW dear AS SELECT id, name FROM item WHERE price > 10;
INSERT INTO item (name, price, raw, made) VALUES
  ('naïve 🦆 日本', 12.50, UNHEX('00010D0A1A22275C5CFF80C3'), '2024-02-29 12:00:00.123456'),
  ('quote '' " \\\\ \\n', NULL, NULL, NULL);
INSERT INTO sale SELECT seq, 1 + seq % 2, REPEAT(CHAR(65 + seq % 26), 500) FROM seq_1_to_20000;
`;
const FACTS = `
CHECKSUM TABLE item, sale;
SELECT id, HEX(name), price, HEX(raw), made FROM item ORDER BY id;
SELECT * FROM dear;
SHOW CREATE TABLE item; SHOW CREATE TABLE sale;
`;

let server: MariadbServer;
let world: DumpWorld;

beforeAll(async () => {
  [server, world] = await Promise.all([startMariadb(PASSWORD), createDumpWorld()]);
  await server.query(SCHEMA);
});

afterAll(async () => {
  await server?.stop();
  await world?.stop();
});

const ALL = { args: "--all-databases --ignore-database=mysql" };

describe.each(["mariadb", "mysql"] as const)("by the programs of %s", (flavor) => {
  test("a database comes back with every row, byte and character after it was dropped", async () => {
    const before = await server.query(FACTS, "shop");
    const plan = planMysql(flavor, world.request(server, ALL));
    const id = await world.saveWell(plan);
    await server.query("DROP DATABASE shop");
    await world.load({ ...planMysql(flavor, world.request(server, { args: "" })) }, id, server.username);
    expect(await server.query(FACTS, "shop")).toBe(before);
    expect(await world.locks()).toEqual([]);
  });
});

describe.each(["mariadb", "mysql"] as const)("E5: by the programs of %s a default dump", (flavor) => {
  const DATABASE = "odd `name`-é";
  const NAME = "`odd ``name``-é`";
  const EVERYTHING = `
CREATE DATABASE ${NAME};
USE ${NAME};
CREATE TABLE \`sel;ect\` (id INT PRIMARY KEY, \`gr oup\` TEXT, twice INT GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE log (line TEXT);
CREATE TRIGGER \`on insert\` AFTER INSERT ON \`sel;ect\` FOR EACH ROW INSERT INTO log VALUES (CONCAT('new ', NEW.id));
CREATE VIEW \`a view\` AS SELECT id, twice FROM \`sel;ect\`;
CREATE VIEW later AS SELECT * FROM \`a view\`;
DELIMITER $$
CREATE PROCEDURE \`add it\`(IN n INT) BEGIN INSERT INTO \`sel;ect\` (id) VALUES (n); END$$
CREATE FUNCTION half(n INT) RETURNS INT DETERMINISTIC RETURN n / 2$$
CREATE EVENT \`each night\` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 02:00:00' DO DELETE FROM log$$
DELIMITER ;
CALL \`add it\`(7);
CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'x';
GRANT SELECT ON ${NAME}.* TO reader@'%';
`;
  const ALL_OF_IT = `
SELECT * FROM \`sel;ect\`; SELECT * FROM log; SELECT * FROM later; SELECT half(8);
SELECT routine_name, routine_type, routine_definition FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY 1;
SELECT event_name, event_definition, starts FROM information_schema.events WHERE event_schema = DATABASE();
SELECT trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema = DATABASE();
`;

  test("brings back routines, events, triggers and views, and names what it leaves out", async () => {
    await server.query(EVERYTHING);
    const before = await server.query(ALL_OF_IT, DATABASE);
    const outcome = await world.save(planMysql(flavor, world.request(server, ALL)));
    expect(outcome).toMatchObject({ kind: "saved", warnings: [expect.stringMatching(/^accounts and their rights/)] });
    await server.query(`DROP DATABASE ${NAME}`);
    const id = outcome.kind === "saved" ? (outcome.snapshot.name ?? "") : "";
    await world.load(planMysql(flavor, world.request(server, { args: "" })), id, server.username);
    expect(await server.query(ALL_OF_IT, DATABASE)).toBe(before);
    for (const name of ["add it", "half", "each night", "on insert"]) expect(before).toContain(name);
    await server.query(`DROP DATABASE ${NAME}`);
  });

  test("with the database mysql leaves out nothing that would have to be named", async () => {
    const outcome = await world.save(planMysql(flavor, world.request(server, { args: "--all-databases" })));
    expect(outcome).toMatchObject({ kind: "saved", warnings: [] });
  });
});

describe("E5: what a server does not show an account that dumps it", () => {
  beforeAll(async () => {
    await server.query(`
CREATE DATABASE seen; USE seen; CREATE TABLE item (id INT PRIMARY KEY); CREATE TABLE former (id INT) WITH SYSTEM VERSIONING;
CREATE TRIGGER told AFTER INSERT ON item FOR EACH ROW SET @told = NEW.id;
CREATE PROCEDURE done() SELECT 1;
CREATE DATABASE unseen; CREATE TABLE unseen.item (id INT);
CREATE USER looker@'%' IDENTIFIED BY 'x'; GRANT SELECT, LOCK TABLES, SHOW VIEW, EVENT ON *.* TO looker@'%';
CREATE USER tenant@'%' IDENTIFIED BY 'x'; GRANT SELECT, LOCK TABLES, SHOW VIEW, EVENT, TRIGGER ON seen.* TO tenant@'%';
`);
  });

  afterAll(async () => {
    await server.query("DROP DATABASE seen; DROP DATABASE unseen; DROP USER looker@'%', tenant@'%'");
  });

  async function textOf(id: string): Promise<string> {
    const chunks: Buffer[] = [];
    await world.restic.run(["dump", "--quiet", id, "/dumpfile.sql"], {
      onRawStdout: (stdout) => stdout.on("data", (chunk: Buffer) => chunks.push(chunk)),
    });
    return Buffer.concat(chunks).toString("utf8");
  }

  test.each([
    ["root", PASSWORD, ALL.args, "", [/^accounts/, /^former rows .*: seen\.former /]],
    ["root", PASSWORD, "--databases seen --dump-history", "", []],
    ["looker", "x", ALL.args, "TRIGGER", [/^accounts/, /^triggers .*those of seen, shop, unseen \(/, /^former rows/]],
    [
      "tenant",
      "x",
      "--all-databases --dump-history",
      "PROCEDURE",
      [/^databases .*args ask for all/, /^routines .*those of seen\b/],
    ],
    ["tenant", "x", "--databases seen --dump-history --skip-routines", "PROCEDURE", []],
  ] as const)("is not in the dump, and is named: as %s %s with %s", async (username, password, args, lacks, named) => {
    const request = { ...world.request(server, { args }, password), username };
    const outcome = await world.save(planMysql("mariadb", request));
    const warnings = named.map((line) => expect.stringMatching(line));
    expect(outcome).toMatchObject({ kind: "saved", warnings });
    const text = await textOf(outcome.kind === "saved" ? (outcome.snapshot.name ?? "") : "");
    const parts = ["TRIGGER .?told", "PROCEDURE .?done"];
    expect(parts.filter((part) => !new RegExp(part).test(text))).toEqual(
      parts.filter((part) => part.startsWith(lacks || "-")),
    );
    expect(text).toContain("CREATE TABLE `former`");
  });
});

test("E5: bodies of routines come back with their line breaks of Windows", async () => {
  const client = ["mariadb", "--no-defaults", `--socket=${server.socket}`, "--user=root", "--binary-mode"];
  const input = "CREATE DATABASE breaks;\nCREATE PROCEDURE breaks.two() SELECT 'a\r\nb';\n";
  await runTool(client, { input });
  const body = "SELECT HEX(body) FROM mysql.proc WHERE db = 'breaks'";
  const before = await server.query(body);
  expect(before).toContain("0D0A");
  const id = await world.saveWell(planMysql("mariadb", world.request(server, { args: "--databases breaks" })));
  await server.query("DROP DATABASE breaks");
  await world.load(planMysql("mariadb", world.request(server, { args: "" })), id, server.username);
  expect(await server.query(body)).toBe(before);
  await server.query("DROP DATABASE breaks");
});

test("E5: who loads accounts is told when they count", async () => {
  const id = await world.saveWell(planMysql("mariadb", world.request(server, { args: "--databases mysql shop" })));
  const load = (args: string, snapshot: string) =>
    world.load(planMysql("mariadb", world.request(server, { args })), snapshot, server.username);
  expect(await load("", id)).toEqual([expect.stringMatching(/FLUSH PRIVILEGES or restart/)]);
  const other = await world.saveWell(planMysql("mariadb", world.request(server, { args: "--databases shop" })));
  expect(await load("", other)).toEqual([]);
});

test("E5: a load that is told to go on after errors goes on, and is no success where a statement failed", async () => {
  const sql = [
    "DROP DATABASE IF EXISTS forced; CREATE DATABASE forced; USE forced; CREATE TABLE kept (n INT);",
    "INSERT INTO nowhere VALUES (1);",
    "INSERT INTO kept VALUES (7);",
  ].join("\n");
  const plan = planMysql("mariadb", world.request(server, ALL));
  const id = await world.saveWell({ ...plan, dumps: [{ argv: ["printf", "%s\n", sql], env: {} }] });
  const load = world.load(planMysql("mariadb", world.request(server, { args: "--force" })), id, server.username);
  await expect(load).rejects.toThrow(/mariadb went on after statements that failed: ERROR 1146 .*nowhere/);
  expect(await server.query("SELECT n FROM kept", "forced")).toContain("7");
  await server.query("DROP DATABASE forced");
});

test("E5: what a dump program remarks though it ends well is a warning", async () => {
  const plan = planMysql("mariadb", world.request(server, ALL));
  const dumps = [{ argv: ["sh", "-c", "echo 'SELECT 1;'; echo 'warning: a view is broken' >&2"], env: {} }];
  const outcome = await world.save({ ...plan, dumps, leavesOut: [] });
  expect(outcome).toMatchObject({ kind: "saved", warnings: ["warning: a view is broken"] });
});

test("several dumps by multiDumpArgs are one stream", async () => {
  await server.query("CREATE DATABASE other; CREATE TABLE other.t (x INT); INSERT INTO other.t VALUES (7)");
  const params = {
    args: "--skip-comments",
    multiDumpArgs: "$args=--databases shop $args=--databases other",
  };
  const before = await server.query(FACTS, "shop");
  const id = await world.saveWell(planMysql("mariadb", world.request(server, params)));
  await server.query("DROP DATABASE shop; DROP DATABASE other");
  await world.load(planMysql("mariadb", world.request(server, { args: "" })), id, server.username);
  expect(await server.query(FACTS, "shop")).toBe(before);
  expect(await server.query("SELECT x FROM other.t")).toBe("x\n7\n");
});

describe("a dump that fails leaves no snapshot and no lock:", () => {
  async function expectNothing(count: number): Promise<void> {
    expect((await world.snapshots()).length).toBe(count);
    expect(await world.locks()).toEqual([]);
  }

  test("a wrong password", async () => {
    const count = (await world.snapshots()).length;
    const outcome = await world.save(planMysql("mariadb", world.request(server, ALL, "wrong")));
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "DUMP_FAILED" } });
    await expectNothing(count);
  });

  test("a table that is not there", async () => {
    const count = (await world.snapshots()).length;
    const outcome = await world.save(planMysql("mariadb", world.request(server, { args: "shop item missing" })));
    expect(outcome).toMatchObject({ kind: "failed", error: { message: expect.stringContaining("missing") } });
    await expectNothing(count);
  });

  test("a program that dies half way", async () => {
    const count = (await world.snapshots()).length;
    const halfWay = join(world.dir, "half-way");
    // The real program, which is cut off once the first megabytes have gone through.
    await writeFile(halfWay, '#!/bin/bash\nset -o pipefail\nmariadb-dump "$@" | { head -c 3000000; exit 1; }\n');
    await chmod(halfWay, 0o755);
    const plan = planMysql("mariadb", world.request(server, ALL));
    const dumps = plan.dumps.map((call) => ({ ...call, argv: [halfWay, ...call.argv.slice(1)] }));
    const outcome = await world.save({ ...plan, dumps });
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "DUMP_FAILED" } });
    await expectNothing(count);
  });

  test("a program that says nothing", async () => {
    const count = (await world.snapshots()).length;
    const plan = planMysql("mariadb", world.request(server, ALL));
    const outcome = await world.save({ ...plan, dumps: [{ argv: ["true"], env: {} }] });
    expect(outcome).toMatchObject({ kind: "failed", error: { message: "the dump is empty" } });
    await expectNothing(count);
  });

  test("a program that is not there", async () => {
    const count = (await world.snapshots()).length;
    const plan = planMysql("mariadb", world.request(server, ALL));
    const outcome = await world.save({ ...plan, dumps: [{ argv: ["no-such-program"], env: {} }] });
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "DUMP_FAILED" } });
    await expectNothing(count);
  });

  test("a stop in the middle", async () => {
    const count = (await world.snapshots()).length;
    const plan = planMysql("mariadb", world.request(server, ALL));
    const dumps = [{ argv: ["sh", "-c", "echo begin; sleep 60"], env: {} }];
    const outcome = await world.save({ ...plan, dumps }, { signal: AbortSignal.timeout(1_500) });
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "DUMP_FAILED" } });
    await expectNothing(count);
  });
});

test("a load stops at the first error and says which", async () => {
  const id = await world.saveWell(planMysql("mariadb", world.request(server, { args: "shop sale" })));
  await server.query("DROP TABLE sale; DROP VIEW dear; DROP TABLE item", "shop");
  const load = world.load(
    planMysql("mariadb", world.request(server, { args: "no_such_database" })),
    id,
    server.username,
  );
  await expect(load).rejects.toThrow(/Unknown database 'no_such_database'/);
});

test("a snapshot that is not there is told, and nothing is loaded", async () => {
  const load = world.load(planMysql("mariadb", world.request(server, { args: "" })), "ffffffff", server.username);
  await expect(load).rejects.toMatchObject({ code: "SNAPSHOT_NOT_FOUND" });
});

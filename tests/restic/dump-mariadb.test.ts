import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planMysql } from "../../agent/dump/addons/mysql-client.ts";
import { createDumpWorld, type DumpWorld } from "../support/databases/dump-world.ts";
import { type MariadbServer, startMariadb } from "../support/databases/mariadb.ts";

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

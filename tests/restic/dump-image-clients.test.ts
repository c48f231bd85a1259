/** Dumps and loads by the clients that the image ships, of and into the servers of this machine, which are older. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planMysql } from "../../agent/dump/addons/mysql-client.ts";
import { planPostgres } from "../../agent/dump/addons/postgres.ts";
import { HEADER_TIMEOUTS } from "../../agent/dump/older-server.ts";
import { createDumpWorld, type DumpWorld } from "../support/databases/dump-world.ts";
import { installImageClients } from "../support/databases/image-clients.ts";
import { type MariadbServer, startMariadb } from "../support/databases/mariadb.ts";
import { startPostgres } from "../support/databases/postgres.ts";
import type { DatabaseServer } from "../support/databases/server.ts";

const LINE = "SET transaction_timeout = 0;";
/** The line of the head in every place that has room for text. */
const SCHEMA = `
CREATE TABLE note (id int PRIMARY KEY, text text);
INSERT INTO note VALUES (1, E'\\n${LINE}\\n'), (2, '${LINE}'), (3, E'\\\\.\\n${LINE}'), (4, 'it''s');
CREATE TABLE "odd
${LINE}
" ("a
${LINE}" text);
INSERT INTO "odd
${LINE}
" VALUES ('${LINE}');
COMMENT ON TABLE note IS '
${LINE}
';
CREATE FUNCTION twice(x int) RETURNS int LANGUAGE plpgsql AS $_$
BEGIN
${LINE}
RETURN 2 * x; END $_$;
CREATE VIEW quoted AS SELECT E'\\\\''
${LINE}
' AS text;
`;
const FACTS = `
SELECT id, text FROM note ORDER BY id; SELECT * FROM "odd
${LINE}
"; SELECT obj_description('note'::regclass); SELECT prosrc FROM pg_proc WHERE proname = 'twice'; SELECT * FROM quoted;
`;

let postgres: DatabaseServer;
let maria: MariadbServer;
let world: DumpWorld;

beforeAll(async () => {
  [postgres, maria, world] = await Promise.all([
    startPostgres("p"),
    startMariadb("m"),
    createDumpWorld(installImageClients),
  ]);
  await postgres.query("CREATE ROLE app; CREATE DATABASE shop");
  await postgres.query(SCHEMA, "shop");
}, 300_000);

afterAll(async () => {
  await Promise.all([postgres?.stop(), maria?.stop()]);
  await world?.stop();
});

describe("PostgreSQL", () => {
  const plan = () => planPostgres(world.request(postgres, { args: "" }));

  async function headOf(snapshotId: string): Promise<readonly string[]> {
    const lines: string[] = [];
    await world.restic.run(["dump", snapshotId, "/dumpfile.sql"], { onLine: (line) => lines.push(line) });
    return lines;
  }

  test("a whole cluster comes back, whatever of it looks like the head of a dump", async () => {
    const before = await postgres.query(FACTS, "shop");
    const id = await world.saveWell(plan());
    await postgres.query("DROP DATABASE shop WITH (FORCE)");
    await world.load(plan(), id, postgres.username);
    expect(await postgres.query(FACTS, "shop")).toBe(before);
  });

  test("one database comes back too", async () => {
    const before = await postgres.query(FACTS, "shop");
    const params = { args: "--dbname=shop --clean --if-exists --create", backupCommand: "pg_dump" };
    const id = await world.saveWell(planPostgres(world.request(postgres, params)));
    await postgres.query("DROP TABLE note", "shop");
    await world.load(plan(), id, postgres.username);
    expect(await postgres.query(FACTS, "shop")).toBe(before);
  });

  test("the server refuses the same dump when nothing is left out", async () => {
    const id = await world.saveWell(plan());
    await postgres.query("DROP DATABASE shop WITH (FORCE)");
    const { listSettings: _, ...unfiltered } = plan();
    await expect(world.load(unfiltered, id, postgres.username)).rejects.toThrow(
      /unrecognized configuration parameter "transaction_timeout"/,
    );
    await postgres.query("DROP DATABASE IF EXISTS shop WITH (FORCE)");
    await world.load(plan(), id, postgres.username);
  });

  test("all settings of time in a dump's head are asked about", async () => {
    const lines = await headOf(await world.saveWell(plan()));
    const names = lines.flatMap((line) => /^SET (\w+_timeout) = 0;$/.exec(line)?.[1] ?? []);
    expect([...new Set(names)].sort()).toEqual([...HEADER_TIMEOUTS].sort());
  });
});

describe("MariaDB", () => {
  test.each(["mariadb", "mysql"] as const)("a database comes back by the clients named %s", async (flavor) => {
    const facts = () => maria.query("SELECT id, HEX(name) FROM shop.item ORDER BY id");
    await maria.query(
      `CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE TABLE shop.item (id INT PRIMARY KEY, name TEXT);
       INSERT INTO shop.item VALUES (1, 'naïve 🦆'), (2, '\n/*M!999999\\\\- enable the sandbox mode */\n');`,
    );
    const before = await facts();
    const id = await world.saveWell(planMysql(flavor, world.request(maria, { args: "--databases shop" })));
    await maria.query("DROP DATABASE shop");
    await world.load(planMysql(flavor, world.request(maria, { args: "" })), id, maria.username);
    expect(await facts()).toBe(before);
    await maria.query("DROP DATABASE shop");
  });
});

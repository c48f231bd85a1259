/**
 * Databases of a size that no buffer holds: what streams must stream, and come back to the byte. `STASH_BATCH_DUMP_MB` gives
 * another size than that of the test run.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { planMysql } from "../../agent/dump/addons/mysql-client.ts";
import { planPostgres } from "../../agent/dump/addons/postgres.ts";
import { createDumpWorld, type DumpWorld } from "../support/databases/dump-world.ts";
import { type MariadbServer, startMariadb } from "../support/databases/mariadb.ts";
import { startPostgres } from "../support/databases/postgres.ts";
import type { DatabaseServer } from "../support/databases/server.ts";

const MEGABYTES = Number(process.env["STASH_BATCH_DUMP_MB"] ?? "200");
/** Each row has 48 KiB of bytes and 16 KiB of text. */
const ROWS = MEGABYTES * 16;
const TEXT = "naïve 🦆 日本 ''\\\\ \"";

let maria: MariadbServer;
let postgres: DatabaseServer;
let world: DumpWorld;

beforeAll(async () => {
  [maria, postgres, world] = await Promise.all([startMariadb("m"), startPostgres("p"), createDumpWorld()]);
}, 300_000);

afterAll(async () => {
  await Promise.all([maria?.stop(), postgres?.stop(), world?.stop()]);
});

/** Most memory that this process had beyond what it had before, in MiB, while `act` ran. */
async function memoryOf(act: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 50);
  try {
    await act();
  } finally {
    clearInterval(timer);
  }
  return (most - before) / 2 ** 20;
}

test(`MariaDB comes back with ${MEGABYTES} MB of text and bytes`, async () => {
  await maria.query(
    `CREATE DATABASE large CHARACTER SET utf8mb4; USE large;
     CREATE TABLE item (id INT PRIMARY KEY, raw MEDIUMBLOB, name MEDIUMTEXT);
     INSERT INTO item SELECT seq, REPEAT(RANDOM_BYTES(1024), 48), REPEAT('${TEXT}', 16384 DIV LENGTH('${TEXT}'))
       FROM seq_1_to_${ROWS};`,
  );
  const facts = () =>
    maria.query(
      "CHECKSUM TABLE item; SELECT COUNT(*), SUM(LENGTH(raw) + LENGTH(name)) FROM item; SHOW CREATE TABLE item",
      "large",
    );
  const before = await facts();
  const grown = await memoryOf(async () => {
    const id = await world.saveWell(planMysql("mariadb", world.request(maria, { args: "--databases large" })));
    await maria.query("DROP DATABASE large");
    await world.load(planMysql("mariadb", world.request(maria, { args: "" })), id, maria.username);
  });
  expect(await facts()).toBe(before);
  expect(grown).toBeLessThan(150);
}, 600_000);

test(`PostgreSQL comes back with ${MEGABYTES} MB of text and bytes`, async () => {
  await postgres.query("CREATE DATABASE large");
  await postgres.query(
    `CREATE TABLE item (id int PRIMARY KEY, raw bytea, name text);
     INSERT INTO item SELECT i, convert_to(repeat(md5(i::text) || E'\\t', 48 * 31), 'UTF8'), repeat('${TEXT}', 500)
       FROM generate_series(1, ${ROWS}) AS i;`,
    "large",
  );
  const facts = () =>
    postgres.query(
      "SELECT count(*), sum(length(raw)), md5(string_agg(md5(raw) || md5(name), '' ORDER BY id)) FROM item",
      "large",
    );
  const before = await facts();
  const params = { backupCommand: "pg_dump", args: "--create --dbname=large" };
  const grown = await memoryOf(async () => {
    const id = await world.saveWell(planPostgres(world.request(postgres, params)));
    await postgres.query("DROP DATABASE large");
    await world.load(planPostgres(world.request(postgres, { args: "" })), id, postgres.username);
  });
  expect(await facts()).toBe(before);
  expect(grown).toBeLessThan(150);
}, 600_000);

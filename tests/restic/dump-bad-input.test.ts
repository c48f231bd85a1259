/** What can be wrong around a dump or a load: each case has a chosen answer. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planMysql, readMysqlProbe } from "../../agent/dump/addons/mysql-client.ts";
import { planPostgres, readPostgresProbe } from "../../agent/dump/addons/postgres.ts";
import { awaitDatabase } from "../../agent/dump/await-database.ts";
import type { DumpPlan } from "../../agent/dump/plan.ts";
import { withPrivateFiles } from "../../agent/dump/private-files.ts";
import { findFreePorts } from "../support/control-plane/free-ports.ts";
import { createDumpWorld, type DumpWorld } from "../support/databases/dump-world.ts";
import { type MariadbServer, startMariadb } from "../support/databases/mariadb.ts";
import { startPostgres } from "../support/databases/postgres.ts";
import type { DatabaseServer } from "../support/databases/server.ts";

let maria: MariadbServer;
let postgres: DatabaseServer;
let world: DumpWorld;

beforeAll(async () => {
  [maria, postgres, world] = await Promise.all([startMariadb("m"), startPostgres("p"), createDumpWorld()]);
});

afterAll(async () => {
  await Promise.all([maria?.stop(), postgres?.stop(), world?.stop()]);
});

const mariaPlan = (args: string): DumpPlan => planMysql("mariadb", world.request(maria, { args }));
const postgresPlan = (args: string, backupCommand?: string): DumpPlan =>
  planPostgres(world.request(postgres, { args, ...(backupCommand !== undefined && { backupCommand }) }));

describe("a server that is down", () => {
  test.each(["mariadb", "postgres"] as const)("is waited for, then told with its address: %s", async (kind) => {
    const [port = 0] = await findFreePorts(1);
    const isMaria = kind === "mariadb";
    const server = { ...(isMaria ? maria : postgres), port };
    const request = world.request(server, { args: "" });
    const plan = isMaria ? planMysql("mariadb", request) : planPostgres(request);
    const waits: string[] = [];
    const database = {
      plan,
      username: server.username,
      address: request.address,
      folder: request.folder,
      waitTimeoutMs: 1_000,
      secrets: [],
      readProbe: isMaria ? readMysqlProbe : readPostgresProbe,
    };
    const ports = {
      env: process.env,
      signal: new AbortController().signal,
      onWait: (words: string) => waits.push(words),
    };
    const waiting = withPrivateFiles(request.folder, plan.files, () => awaitDatabase(database, ports));
    await expect(waiting).rejects.toMatchObject({
      code: "APP_UNREACHABLE",
      message: expect.stringContaining(`127.0.0.1:${port} was not ready in time`),
    });
    expect(waits.length).toBeGreaterThan(0);
  });
});

describe("a table that changes during the dump", () => {
  /** Adds a row to both tables again and again, in one transaction each, until it is stopped. */
  function keepWriting(write: (id: number) => Promise<unknown>): () => Promise<number> {
    let isOver = false;
    const written = (async () => {
      let id = 1_000_000;
      for (; !isOver; id += 1) await write(id);
      return id - 1_000_000;
    })();
    return () => {
      isOver = true;
      return written;
    };
  }

  test.each(["", "--single-transaction"])("comes back as it was at one moment: MariaDB with %j", async (more) => {
    await maria.query(
      `CREATE OR REPLACE DATABASE pair; USE pair;
       CREATE TABLE first (id INT PRIMARY KEY) SELECT seq AS id FROM seq_1_to_300;
       CREATE TABLE second (id INT PRIMARY KEY) SELECT seq AS id FROM seq_1_to_300;`,
    );
    const stop = keepWriting((id) =>
      maria.query(
        `START TRANSACTION; INSERT INTO first VALUES (${id}); INSERT INTO second VALUES (${id}); COMMIT`,
        "pair",
      ),
    );
    // Without one moment for both, the second table would have what came while the first was read.
    const id = await world.saveWell(mariaPlan(`--databases pair ${more} --where='SLEEP(0.002)=0'`));
    const written = await stop();
    await world.load(mariaPlan(""), id, maria.username);
    const [first, second] = (
      await maria.query("SELECT GROUP_CONCAT(id) FROM pair.first UNION ALL SELECT GROUP_CONCAT(id) FROM pair.second")
    )
      .split("\n")
      .slice(1);
    expect(first).toBe(second);
    expect(written).toBeGreaterThan(0);
  });

  test("comes back as it was at one moment: PostgreSQL", async () => {
    await postgres.query("CREATE DATABASE pair");
    await postgres.query(
      `CREATE TABLE first AS SELECT g AS id, repeat('x', 5000) AS pad FROM generate_series(1, 2000) g;
       CREATE TABLE second AS SELECT * FROM first`,
      "pair",
    );
    const stop = keepWriting((id) =>
      postgres.query(
        `BEGIN; INSERT INTO first VALUES (${id}, ''); INSERT INTO second VALUES (${id}, ''); COMMIT`,
        "pair",
      ),
    );
    const id = await world.saveWell(postgresPlan("--dbname=pair --create", "pg_dump"));
    expect(await stop()).toBeGreaterThan(0);
    await postgres.query("DROP DATABASE pair");
    await world.load(postgresPlan(""), id, postgres.username);
    const query = (table: string) => postgres.query(`SELECT count(*), sum(id) FROM ${table}`, "pair");
    expect(await query("first")).toBe(await query("second"));
  });

  test("whose columns change under a transaction fails the dump, and no snapshot stays", async () => {
    await maria.query(
      `CREATE OR REPLACE DATABASE altered; USE altered;
       CREATE TABLE a (id INT PRIMARY KEY) SELECT seq AS id FROM seq_1_to_40; CREATE TABLE z (id INT PRIMARY KEY);`,
    );
    const count = (await world.snapshots()).length;
    const saving = world.save(mariaPlan("--databases altered --single-transaction --where='SLEEP(0.05)=0'"));
    const isDumping = async () =>
      (await maria.query("SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'")).includes(
        "\n1\n",
      );
    while (!(await isDumping()));
    await maria.query("ALTER TABLE z ADD COLUMN more INT DEFAULT 7, ALGORITHM=COPY", "altered");
    expect(await saving).toMatchObject({
      kind: "failed",
      error: { code: "DUMP_FAILED", message: expect.stringContaining("Table definition has changed") },
    });
    expect(await world.snapshots()).toHaveLength(count);
  });
});

describe("arguments with what a shell would take for its own", () => {
  const NAME = "a b;$(touch evil)`touch evil`|'&&";

  test("reach MariaDB's programs as they are", async () => {
    await maria.query(`CREATE DATABASE \`${NAME.replaceAll("`", "``")}\``);
    await maria.query("CREATE TABLE t (x INT); INSERT INTO t VALUES (1)", NAME);
    const argument = NAME.replaceAll("'", `'"'"'`);
    const id = await world.saveWell(mariaPlan(`--databases '${argument}'`));
    await maria.query("DROP TABLE t", NAME);
    await world.load(mariaPlan(""), id, maria.username);
    expect(await maria.query("SELECT x FROM t", NAME)).toBe("x\n1\n");
    expect(existsSync(join(process.cwd(), "evil"))).toBe(false);
  });

  test("reach PostgreSQL's programs as they are", async () => {
    const table = NAME.replaceAll("'", "").replaceAll("$", "");
    await postgres.query(`CREATE TABLE "${table}" (x int); INSERT INTO "${table}" VALUES (1)`);
    const id = await world.saveWell(postgresPlan(`--table='"${table}"'`, "pg_dump"));
    await postgres.query(`DROP TABLE "${table}"`);
    await world.load(postgresPlan(""), id, postgres.username);
    expect(await postgres.query(`SELECT x FROM "${table}"`)).toBe("1\n");
  });
});

describe("a load into a database that is not empty", () => {
  test("replaces the tables of a MariaDB dump, with the rows that came since, and leaves others", async () => {
    await maria.query("CREATE DATABASE kept; CREATE TABLE kept.t (x INT); INSERT INTO kept.t VALUES (1)");
    const id = await world.saveWell(mariaPlan("--databases kept"));
    await maria.query(
      "INSERT INTO kept.t VALUES (2); CREATE TABLE kept.other (y INT); INSERT INTO kept.other VALUES (3)",
    );
    await world.load(mariaPlan(""), id, maria.username);
    expect(await maria.query("SELECT x FROM kept.t")).toBe("x\n1\n");
    expect(await maria.query("SELECT y FROM kept.other")).toBe("y\n3\n");
  });

  test("of PostgreSQL stops at the first object that exists and changes nothing of it", async () => {
    await postgres.query("CREATE DATABASE kept");
    await postgres.query("CREATE TABLE t (x int); INSERT INTO t VALUES (1)", "kept");
    const id = await world.saveWell(postgresPlan("--dbname=kept", "pg_dump"));
    await postgres.query("INSERT INTO t VALUES (2)", "kept");
    const loading = world.load(postgresPlan("--dbname=kept"), id, postgres.username);
    await expect(loading).rejects.toMatchObject({
      code: "DUMP_FAILED",
      message: expect.stringContaining('relation "t" already exists'),
    });
    expect(await postgres.query("SELECT x FROM t ORDER BY x", "kept")).toBe("1\n2\n");
  });
});

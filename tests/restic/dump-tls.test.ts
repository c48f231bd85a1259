/** Databases that want TLS: who is checked, and how a wrong certificate is told. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planMysql, readMysqlProbe } from "../../agent/dump/addons/mysql-client.ts";
import { planPostgres, readPostgresProbe } from "../../agent/dump/addons/postgres.ts";
import type { DumpPlan, DumpRequest, DumpTls, ProbeAnswer } from "../../agent/dump/plan.ts";
import { type DatabaseCertificates, issueDatabaseCertificates } from "../support/databases/certificates.ts";
import { createDumpWorld, type DumpWorld } from "../support/databases/dump-world.ts";
import { startMariadb } from "../support/databases/mariadb.ts";
import { startPostgres } from "../support/databases/postgres.ts";
import type { DatabaseServer } from "../support/databases/server.ts";

/** A user that has no password, only a certificate of that name. */
const KEEPER = "keeper";

interface Dialect {
  readonly dumpArgs: string;
  readonly loadArgs: string;
  readonly makeKeeper: string;
  readonly makeRows: string;
  readonly dropRows: string;
  readonly readRows: string;
  start(certificates: DatabaseCertificates): Promise<DatabaseServer>;
  plan(request: DumpRequest): DumpPlan;
  readProbe(exitCode: number | undefined, words: string): ProbeAnswer;
}

const MARIADB: Dialect = {
  dumpArgs: "--databases shop",
  loadArgs: "",
  makeKeeper: `CREATE USER ${KEEPER}@'%' REQUIRE SUBJECT '/CN=${KEEPER}'; GRANT ALL ON *.* TO ${KEEPER}@'%';
    ALTER USER root@'%' REQUIRE SSL; ALTER USER root@'127.0.0.1' REQUIRE SSL`,
  makeRows: "CREATE DATABASE shop; CREATE TABLE shop.item (id INT); INSERT INTO shop.item VALUES (1), (2)",
  dropRows: "DROP DATABASE shop",
  readRows: "SELECT id FROM shop.item ORDER BY id",
  start: ({ server }) => startMariadb("secret", server),
  plan: (request) => planMysql("mariadb", request),
  readProbe: readMysqlProbe,
};

const POSTGRES: Dialect = {
  dumpArgs: "--dbname=postgres --table=item",
  loadArgs: "",
  makeKeeper: `CREATE ROLE ${KEEPER} LOGIN SUPERUSER`,
  makeRows: "CREATE TABLE item (id INT); INSERT INTO item VALUES (1), (2)",
  dropRows: "DROP TABLE item",
  readRows: "SELECT id FROM item ORDER BY id",
  start: ({ server }) => startPostgres("secret", server),
  plan: (request) => planPostgres({ ...request, params: { ...request.params, backupCommand: "pg_dump" } }),
  readProbe: readPostgresProbe,
};

let dir: string;
let certificates: DatabaseCertificates;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-tls-"));
  certificates = await issueDatabaseCertificates(dir, KEEPER);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe.each([
  ["MariaDB", MARIADB],
  ["PostgreSQL", POSTGRES],
])("%s", (_name, dialect) => {
  let server: DatabaseServer;
  let world: DumpWorld;

  beforeAll(async () => {
    [server, world] = await Promise.all([dialect.start(certificates), createDumpWorld()]);
    await server.query(dialect.makeKeeper);
  });

  afterAll(async () => {
    await server?.stop();
    await world?.stop();
  });

  function planAs(who: Partial<DumpRequest>, tls: Partial<DumpTls>, args = ""): DumpPlan {
    const request = world.request(server, { args });
    return dialect.plan({ ...request, ...who, tls: { ...request.tls, ...tls } });
  }

  async function ask(who: Partial<DumpRequest>, tls: Partial<DumpTls>) {
    const exit = await world.probe(planAs(who, tls));
    return { answer: dialect.readProbe(exit.code, exit.words), words: exit.words };
  }

  const keeper = { username: KEEPER, password: undefined };

  test("is trusted by its authority", async () => {
    expect(await ask({}, { ca: certificates.ca })).toMatchObject({ answer: "ready" });
  });

  test("of another authority is refused at once", async () => {
    const { answer, words } = await ask({}, { ca: certificates.otherCa });
    expect(words).toMatch(/certificate/);
    expect(answer).toBe("refused");
  });

  test.each(["ca", "otherCa", undefined] as const)(
    "is trusted with CA %s when nothing is to be checked",
    async (ca) => {
      const tls = { ca: ca === undefined ? undefined : certificates[ca], isInsecure: true };
      expect(await ask({}, tls)).toMatchObject({ answer: "ready" });
    },
  );

  test("knows a user by a certificate alone, and refuses it without", async () => {
    const { ca, client } = certificates;
    expect(await ask(keeper, { ca, certificate: client })).toMatchObject({ answer: "ready" });
    expect(await ask(keeper, { ca })).toMatchObject({ answer: "refused" });
  });

  test("is dumped and loaded by a certificate alone", async () => {
    const tls = { ca: certificates.ca, certificate: certificates.client };
    await server.query(dialect.makeRows);
    const before = await server.query(dialect.readRows);
    const id = await world.saveWell(planAs(keeper, tls, dialect.dumpArgs));
    await server.query(dialect.dropRows);
    await world.load(planAs(keeper, tls, dialect.loadArgs), id, KEEPER);
    expect(await server.query(dialect.readRows)).toBe(before);
  });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planPostgres } from "../../agent/dump/addons/postgres.ts";
import { createDumpWorld, type DumpWorld } from "../support/databases/dump-world.ts";
import { startPostgres } from "../support/databases/postgres.ts";
import type { DatabaseServer } from "../support/databases/server.ts";

const PASSWORD = "p:a\\ss'w\"örd #1";

const SCHEMA = `
CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL UNIQUE, price numeric(10,2), raw bytea, made timestamptz,
  tags text[], extra jsonb);
CREATE TABLE sale (id bigint PRIMARY KEY, item int REFERENCES item(id), note text);
CREATE VIEW dear AS SELECT id, name FROM item WHERE price > 10;
CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql AS 'SELECT 2 * x';
INSERT INTO item (name, price, raw, made, tags, extra) VALUES
  ('naïve 🦆 日本', 12.50, decode('00010d0a1a22275c5cff80c3', 'hex'), '2024-02-29 12:00:00.123456+02', '{a,"b c"}', '{"k": "\\u00e9"}'),
  (E'quote '' " \\\\ \\n\\t', NULL, NULL, NULL, NULL, NULL),
  (E'CREATE ROLE app;\\n\\\\connect nowhere', 1, NULL, NULL, NULL, NULL);
INSERT INTO sale SELECT n, 1 + n % 2, repeat(chr(65 + n % 26), 500) FROM generate_series(1, 20000) n;
ALTER TABLE item OWNER TO app;
`;
const FACTS = `
SELECT md5(string_agg(s::text, ',' ORDER BY id)) FROM sale s;
SELECT id, name, price, encode(raw, 'hex'), made AT TIME ZONE 'UTC', tags, extra FROM item ORDER BY id;
SELECT * FROM dear; SELECT twice(21);
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1;
SELECT tableowner FROM pg_tables WHERE tablename = 'item';
SELECT nextval('item_id_seq') > 3;
`;
const ROLES = "SELECT rolname, rolcanlogin, rolpassword FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY 1";

let server: DatabaseServer;
let world: DumpWorld;

beforeAll(async () => {
  [server, world] = await Promise.all([startPostgres(PASSWORD), createDumpWorld()]);
  await server.query(
    `CREATE ROLE app LOGIN PASSWORD 'secret'; CREATE ROLE "Odd ""name" NOLOGIN; CREATE DATABASE shop;`,
  );
  await server.query(SCHEMA, "shop");
});

afterAll(async () => {
  await server?.stop();
  await world?.stop();
});

describe("a whole cluster", () => {
  test("comes back into a server that still has its roles, with every row, byte and owner", async () => {
    const before = await server.query(FACTS, "shop");
    const roles = await server.query(ROLES);
    const id = await world.saveWell(planPostgres(world.request(server, { args: "" })));
    await server.query("DROP DATABASE shop WITH (FORCE)");
    await world.load(planPostgres(world.request(server, { args: "" })), id, server.username);
    expect(await server.query(FACTS, "shop")).toBe(before);
    expect(await server.query(ROLES)).toBe(roles);
    expect(await world.locks()).toEqual([]);
  });

  test("comes back into a server that has lost its roles too", async () => {
    const before = await server.query(FACTS, "shop");
    const roles = await server.query(ROLES);
    const id = await world.saveWell(planPostgres(world.request(server, { args: "" })));
    await server.query(`DROP DATABASE shop WITH (FORCE); DROP ROLE app; DROP ROLE "Odd ""name"`);
    await world.load(planPostgres(world.request(server, { args: "" })), id, server.username);
    expect(await server.query(FACTS, "shop")).toBe(before);
    expect(await server.query(ROLES)).toBe(roles);
  });

  test("comes back over what is there when it was dumped with --clean", async () => {
    const before = await server.query(FACTS, "shop");
    const roles = await server.query(ROLES);
    const id = await world.saveWell(planPostgres(world.request(server, { args: "--clean --if-exists" })));
    await server.query("DELETE FROM sale", "shop");
    await world.load(planPostgres(world.request(server, { args: "" })), id, server.username);
    expect(await server.query(FACTS, "shop")).toBe(before);
    expect(await server.query(ROLES)).toBe(roles);
  });

  test("L101: who loads keeps the password that the Secret has", async () => {
    const id = await world.saveWell(planPostgres(world.request(server, { args: "" })));
    const plan = (password: string) => planPostgres(world.request(server, { args: "" }, password));
    await server.query("DROP DATABASE shop WITH (FORCE); ALTER ROLE postgres PASSWORD 'changed since'");
    try {
      await world.load(plan("changed since"), id, server.username);
      await world.saveWell(plan("changed since"));
    } finally {
      await server.query(`ALTER ROLE postgres PASSWORD '${PASSWORD.replaceAll("'", "''")}'`);
    }
  });
});

test("one database comes back by pg_dump", async () => {
  const before = await server.query(FACTS, "shop");
  const params = { args: "--dbname=shop --clean --if-exists --create", backupCommand: "pg_dump" };
  const id = await world.saveWell(planPostgres(world.request(server, params)));
  await server.query("DROP TABLE sale; DELETE FROM item", "shop");
  await world.load(planPostgres(world.request(server, { args: "" })), id, server.username);
  expect(await server.query(FACTS, "shop")).toBe(before);
});

describe("E5: what a dump of PostgreSQL leaves out is named:", () => {
  test("databases that nobody may connect to", async () => {
    const warningsOf = async () => {
      const outcome = await world.save(planPostgres(world.request(server, { args: "" })));
      return outcome.kind === "saved" ? outcome.warnings : [outcome.error.message];
    };
    expect(await warningsOf()).toEqual([]);
    await server.query('CREATE DATABASE "closed one"');
    await server.query('ALTER DATABASE "closed one" ALLOW_CONNECTIONS false');
    expect(await warningsOf()).toEqual([expect.stringMatching(/allow no connections .*: closed one \(next/)]);
    await server.query('DROP DATABASE "closed one"');
  });

  test("what is no part of the one database of pg_dump", async () => {
    const params = { args: "--dbname=shop", backupCommand: "pg_dump" };
    const outcome = await world.save(planPostgres(world.request(server, params)));
    expect(outcome).toMatchObject({ kind: "saved", warnings: [expect.stringMatching(/^roles and other databases/)] });
  });
});

describe("L101: a load", () => {
  test("stops at the first error and says which", async () => {
    const id = await world.saveWell(planPostgres(world.request(server, { args: "" })));
    const load = world.load(planPostgres(world.request(server, { args: "" })), id, server.username);
    await expect(load).rejects.toThrow(/database "shop" already exists/);
  });

  test("goes on over errors to its end when the user's arguments say so, and is no success", async () => {
    const id = await world.saveWell(planPostgres(world.request(server, { args: "" })));
    await server.query("DELETE FROM sale", "shop");
    const load = world.load(planPostgres(world.request(server, { args: "-v ON_ERROR_STOP=0" })), id, server.username);
    await expect(load).rejects.toThrow(/psql went on after statements that failed: .*database "shop" already exists/);
    // What came after the first error is there.
    expect(await server.query("SELECT count(*) > 0 FROM sale", "shop")).toContain("t");
  });
});

describe("a dump that fails leaves no snapshot and no lock:", () => {
  test.each([
    ["a database that is not there", { args: "--dbname=nowhere", backupCommand: "pg_dump" }, PASSWORD, "nowhere"],
    ["a wrong password", { args: "" }, "wrong", "password authentication failed"],
  ])("%s", async (_what, params, password, words) => {
    const count = (await world.snapshots()).length;
    const outcome = await world.save(planPostgres(world.request(server, params, password)));
    expect(outcome).toMatchObject({
      kind: "failed",
      error: { code: "DUMP_FAILED", message: expect.stringContaining(words) },
    });
    expect((await world.snapshots()).length).toBe(count);
    expect(await world.locks()).toEqual([]);
  });

  test("a database whose dump is cut off in the middle", async () => {
    const count = (await world.snapshots()).length;
    const saving = world.save(
      planPostgres(
        world.request(server, { args: "--dbname=shop --rows-per-insert=1 --column-inserts", backupCommand: "pg_dump" }),
      ),
    );
    const cut = async () => {
      const killed = await server.query(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump' AND query LIKE 'FETCH%' AND pg_terminate_backend(pid)",
      );
      return killed.trim() !== "0";
    };
    let isOver = false;
    void saving.then(() => {
      isOver = true;
    });
    while (!isOver && !(await cut()));
    const outcome = await saving;
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "DUMP_FAILED" } });
    expect((await world.snapshots()).length).toBe(count);
    expect(await world.locks()).toEqual([]);
  });
});

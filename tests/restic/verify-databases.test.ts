/** What a drill finds in a restored database: tables and rows, answers to statements, and dumps that are none. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planMysql } from "../../agent/dump/addons/mysql-client.ts";
import { planPostgres } from "../../agent/dump/addons/postgres.ts";
import type { DumpPlan } from "../../agent/dump/plan.ts";
import { createAgentLogger } from "../../agent/log.ts";
import { verifyMembers } from "../../agent/verify/members.ts";
import type { VerificationQuery, VerifiedMember } from "../../shared/api/verification.ts";
import { createDumpWorld, type DumpWorld } from "../support/databases/dump-world.ts";
import { startMariadb } from "../support/databases/mariadb.ts";
import { startPostgres } from "../support/databases/postgres.ts";
import type { DatabaseServer } from "../support/databases/server.ts";

const PASSWORD = "p:a\\ss'w\"örd #1";
const log = createAgentLogger("error", (line) => process.stderr.write(line));
let world: DumpWorld;

interface Kind {
  readonly name: string;
  readonly appType: string;
  readonly schema: string;
  readonly quotedTable: string;
  /** How tables are told. */
  readonly prefix: string;
  readonly sleep: string;
  readonly shell: string;
  start(): Promise<DatabaseServer>;
  plan(server: DatabaseServer): DumpPlan;
  /** Of all databases, as the catalogue's Tasks do where nobody says otherwise. */
  planAll(server: DatabaseServer): DumpPlan;
  /** Makes a database anew and runs the text in it. */
  fill(server: DatabaseServer, sql: string): Promise<unknown>;
}

const KINDS: readonly Kind[] = [
  {
    name: "MariaDB",
    appType: "kubedb.com/mariadb",
    schema: "",
    quotedTable: "`odd ``ta\\!ble;-é`",
    prefix: "shop",
    sleep: "SELECT SLEEP(600)",
    shell: "\\! touch",
    start: () => startMariadb(PASSWORD),
    plan: (server) => planMysql("mariadb", world.request(server, { args: "--databases shop" })),
    planAll: (server) => planMysql("mysql", world.request(server, { args: "--all-databases" })),
    fill: (server, sql) => server.query(`DROP DATABASE IF EXISTS shop; CREATE DATABASE shop; USE shop; ${sql}`),
  },
  {
    name: "PostgreSQL",
    appType: "kubedb.com/postgres",
    schema: "public.",
    quotedTable: '"odd ""ta\\!ble;-é"',
    prefix: "shop.public",
    sleep: "SELECT pg_sleep(600)",
    shell: "\\! touch",
    start: () => startPostgres(PASSWORD),
    plan: (server) =>
      planPostgres(world.request(server, { args: "--dbname=shop --create --clean", backupCommand: "pg_dump" })),
    planAll: (server) => planPostgres(world.request(server, { args: "", backupCommand: "pg_dumpall" })),
    async fill(server, sql) {
      await server.query("DROP DATABASE IF EXISTS shop WITH (FORCE)");
      await server.query("CREATE DATABASE shop");
      await server.query(sql, "shop");
    },
  },
];

beforeAll(async () => {
  world = await createDumpWorld();
  mkdirSync(join(world.dir, "secrets/drill"), { recursive: true });
  writeFileSync(join(world.dir, "secrets/drill/password"), PASSWORD);
});

afterAll(() => world?.stop());

describe.each(KINDS)("a restored $name", (kind) => {
  let server: DatabaseServer;
  let id: string;
  const fill = (sql: string) => kind.fill(server, sql);
  const SQL = `CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(50)); INSERT INTO item VALUES (1, 'naïve'), (2, 'x'), (3, 'y');
CREATE TABLE ${kind.quotedTable} (id INT); CREATE TABLE sale (id INT); INSERT INTO sale SELECT 7;`;

  beforeAll(async () => {
    server = await kind.start();
    await fill(SQL);
    id = await world.saveWell(kind.plan(server));
  });

  afterAll(() => server?.stop());

  async function verify(
    queries: readonly Omit<VerificationQuery, "member">[] = [],
    change: { readonly id?: string; readonly timeOut?: string; readonly path?: string; readonly appType?: string } = {},
  ): Promise<VerifiedMember> {
    const members = await verifyMembers(
      {
        members: [
          {
            alias: "db",
            model: "Database",
            appType: change.appType ?? kind.appType,
            snapshots: [{ id: change.id ?? id, host: "host-0", path: change.path ?? "dumpfile.sql" }],
            database: {
              host: "127.0.0.1",
              port: server.port,
              user: server.username,
              secret: "drill",
              database: "shop",
            },
          },
        ],
        queries: queries.map((query) => ({ member: "db", ...query })),
        ...(change.timeOut !== undefined && { timeOut: change.timeOut }),
      },
      {
        restic: world.restic,
        settings: { env: process.env, secretsRoot: join(world.dir, "secrets"), scratch: join(world.dir, "scratch") },
        signal: new AbortController().signal,
        log,
        seed: "s",
        areOwnersSet: true,
        onMembers: () => undefined,
      },
    );
    const [member] = members;
    if (member === undefined) throw new Error("no member");
    return member;
  }

  const found = ({ findings = [] }: VerifiedMember) => findings.map(({ code }) => code);

  test("is told with its tables and rows, whatever they are called", async () => {
    const member = await verify();
    expect(found(member)).toEqual([]);
    expect(member.tables?.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: `${kind.prefix}.item`, rows: 3 },
      { name: `${kind.prefix}.odd ${kind.name === "MariaDB" ? "`" : '"'}ta\\!ble;-é`, rows: 0 },
      { name: `${kind.prefix}.sale`, rows: 1 },
    ]);
    expect(member).toMatchObject({ tableCount: 3, rows: 4, compared: 1, findingCount: 0 });
    expect(member.unproven).toEqual([expect.stringMatching(/^what stands in the rows, views, routines/)]);
  });

  test("from a dump of everything, the server's own databases too, is whole", async () => {
    const all = kind.planAll(server);
    expect(found(await verify([], { id: await world.saveWell(all) }))).toEqual([]);
  });

  test("answers statements, and each answer that is not as it must be is named", async () => {
    const member = await verify([
      { statement: "SELECT count(*) FROM item;", expect: { equals: "3" } },
      { statement: "SELECT name FROM item WHERE id = 1", expect: { equals: "naïve" } },
      { statement: "SELECT count(*) FROM item", expect: { min: "4" } },
      { statement: "SELECT count(*) FROM no_such_table", expect: { min: "0" } },
    ]);
    expect(member.queries?.map(({ ok, value }) => [ok, value])).toEqual([
      [true, "3"],
      [true, "naïve"],
      [false, "3"],
      [false, undefined],
    ]);
    expect(member.queries?.[3]?.message).toContain("no_such_table");
    expect(found(member)).toEqual(["QUERY_FAILED", "QUERY_FAILED"]);
  });

  test("D: whose table has lost its rows is found by a query, and by the dump itself", async () => {
    await fill(SQL.replace("(3, 'y')", "(4, 'y')").replace("INSERT INTO sale SELECT 7;", ""));
    try {
      const member = await verify([{ statement: "SELECT count(*) FROM sale", expect: { min: "1" } }]);
      expect(member.findings?.map(({ code, path }) => [code, path])).toEqual([
        ["RESTORED_ROWS_DIFFER", `${kind.prefix}.sale`],
        ["QUERY_FAILED", "SELECT count(*) FROM sale"],
      ]);
    } finally {
      await fill(SQL);
    }
  });

  test("D: without one of its tables is found by the dump alone", async () => {
    await fill(SQL.replace("CREATE TABLE sale (id INT); INSERT INTO sale SELECT 7;", ""));
    try {
      const member = await verify();
      expect(member.findings?.map(({ code, path }) => [code, path])).toEqual([
        ["RESTORED_ROWS_DIFFER", `${kind.prefix}.sale`],
      ]);
    } finally {
      await fill(SQL);
    }
  });

  test("D: a query that never returns ends at its limit, and the others are asked", async () => {
    const startedAt = performance.now();
    const member = await verify([{ statement: kind.sleep, expect: { min: "0" } }], { timeOut: "4s" });
    expect(performance.now() - startedAt).toBeLessThan(25_000);
    expect(found(member)).toContain("QUERY_FAILED");
    expect(member.tableCount).toBe(3);
  });

  test("no statement is a command of the client, which could run a shell", async () => {
    const mark = join(world.dir, `mark-${kind.name}`);
    const statements = [`${kind.shell} ${mark}`, `system touch ${mark}`, `SELECT 1;\n${kind.shell} ${mark}\n`];
    const member = await verify(statements.map((statement) => ({ statement, expect: { equals: "1" } })));
    expect(() => execFileSync("ls", [mark], { stdio: "pipe" })).toThrow();
    expect(member.queries?.every(({ ok }) => !ok)).toBe(true);
  });

  test("D: a truncated dump is named, wherever it was cut", async () => {
    const whole: Buffer[] = [];
    await world.restic.run(["dump", "--quiet", id, "/dumpfile.sql"], {
      onRawStdout: (stdout) => stdout.on("data", (chunk: Buffer) => whole.push(chunk)),
    });
    const dump = Buffer.concat(whole);
    for (const share of [0.5, 0.9]) {
      const part = dump.subarray(0, Math.floor(dump.length * share));
      const end = part.lastIndexOf(";\n");
      for (const cut of [part, part.subarray(0, end + 2)]) {
        const lines: string[] = [];
        await world.restic.run(
          ["backup", "--json", "--host", "host-0", "--stdin", "--stdin-filename", "/dumpfile.sql"],
          {
            onStdin: (stdin) => stdin.end(cut),
            onOutput: (line) => lines.push(line),
          },
        );
        const truncated = /"snapshot_id":"([0-9a-f]{64})"/.exec(lines.join("\n"))?.[1] ?? "";
        expect(found(await verify([], { id: truncated }))).toContain("DUMP_TRUNCATED");
      }
    }
  });

  test("of a kind that nobody knows is not called good, and neither is one whose password no longer fits", async () => {
    expect(found(await verify([], { appType: "example.com/oracle" }))).toEqual(["TARGET_INVALID"]);
    writeFileSync(join(world.dir, "secrets/drill/password"), "wrong");
    try {
      const member = await verify();
      expect(found(member)).toEqual(["APP_REFUSED"]);
      expect(JSON.stringify(member)).not.toContain('"wrong"');
    } finally {
      writeFileSync(join(world.dir, "secrets/drill/password"), PASSWORD);
    }
  });
});

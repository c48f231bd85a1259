import { describe, expect, test } from "vitest";
import { planMysql, readMysqlProbe } from "../../../../../agent/dump/addons/mysql-client.ts";
import { planPostgres, readPostgresProbe } from "../../../../../agent/dump/addons/postgres.ts";
import type { DumpPlan, DumpRequest } from "../../../../../agent/dump/plan.ts";
import { UserError } from "../../../../../shared/errors.ts";

const PASSWORD = "never-shown";

function aRequest(change: Partial<DumpRequest> = {}): DumpRequest {
  return {
    address: { scheme: undefined, host: "db.demo.svc", port: 1234, path: undefined, query: new Map() },
    username: "admin",
    password: PASSWORD,
    tls: { ca: undefined, certificate: undefined, isInsecure: false },
    folder: "/f",
    params: { args: "" },
    ...change,
  };
}

const CERTIFICATE = { certificate: "CERT", key: "KEY" };

function fileOf(plan: DumpPlan, path: string): string | undefined {
  return plan.files.find((file) => file.path === path)?.text;
}

describe.each([
  ["mysql", (request: DumpRequest) => planMysql("mysql", request)],
  ["mariadb", (request: DumpRequest) => planMysql("mariadb", request)],
  ["postgres", planPostgres],
])("L81: of %s", (_name, plan) => {
  test("neither arguments nor environment hold the password, one private file does", () => {
    const { files, probe, dumps, load, listRoles, listSettings } = plan(aRequest());
    expect(JSON.stringify([probe, dumps, load, listRoles, listSettings])).not.toContain(PASSWORD);
    expect(files.filter(({ text }) => text.includes(PASSWORD)).length).toBe(1);
  });

  test("L102: a client certificate is used where there is one", () => {
    const made = plan(aRequest({ tls: { ca: "CA", certificate: CERTIFICATE, isInsecure: false } }));
    expect(made.files.map(({ path, text }) => [path, text])).toEqual(
      expect.arrayContaining([
        ["/f/ca.crt", "CA"],
        ["/f/tls.crt", "CERT"],
        ["/f/tls.key", "KEY"],
      ]),
    );
  });
});

const EVERYTHING = ["--routines", "--events", "--triggers"];

describe("mysql", () => {
  test.each([
    ["--all-databases", true],
    ["-A", true],
    ["-B shop", true],
    ["--skip-comments --databases shop", true],
    ["shop", true],
    ["--single-transaction shop", true],
    ["-h db -u root shop", true],
    ["--ignore-table shop.log --where '1 = 1' shop", true],
    ["shop item", false],
    ["--single-transaction shop item sale", false],
    ["--databases shop --tables item", false],
  ])("E5: dumps all that belongs to whole databases: %s", (args, isOfDatabases) => {
    const argv = planMysql("mariadb", aRequest({ params: { args } })).dumps[0]?.argv.slice(2, 5);
    if (isOfDatabases) expect(argv).toEqual(EVERYTHING);
    else expect(argv).not.toContain("--routines");
  });

  test("E5: names the accounts that arguments leave out, and nothing else", () => {
    const leftOut = (args: string) => planMysql("mysql", aRequest({ params: { args } })).leavesOut;
    expect(leftOut("--all-databases --ignore-database=mysql")).toEqual([expect.stringMatching(/^accounts/)]);
    expect(leftOut("--all-databases --ignore-database mysql")).toHaveLength(1);
    expect(leftOut("--all-databases")).toEqual([]);
    expect(leftOut("--databases shop")).toEqual([]);
  });

  test("dumps and loads with the user's arguments after the option file", () => {
    const plan = planMysql("mysql", aRequest({ params: { args: "--databases 'my shop'" } }));
    expect(plan.dumps.map(({ argv }) => argv)).toEqual([
      ["mysqldump", "--defaults-extra-file=/f/client.cnf", ...EVERYTHING, "--databases", "my shop"],
    ]);
    expect(plan.load.argv).toEqual([
      "mysql",
      "--defaults-extra-file=/f/client.cnf",
      "--binary-mode",
      "--databases",
      "my shop",
    ]);
  });

  test("has a dump for each part of multiDumpArgs, the first with args too", () => {
    const plan = planMysql(
      "mariadb",
      aRequest({ params: { args: "-x", multiDumpArgs: "$args=--databases a $args=b c" } }),
    );
    expect(plan.dumps.map(({ argv }) => argv.slice(2))).toEqual([
      [...EVERYTHING, "-x", "--databases", "a"],
      ["b", "c"],
    ]);
    const whole = planMysql("mysql", aRequest({ params: { args: "", multiDumpArgs: "$args=a $args=b" } }));
    expect(whole.dumps.map(({ argv }) => argv.slice(2))).toEqual([
      [...EVERYTHING, "a"],
      [...EVERYTHING, "b"],
    ]);
  });

  test("refuses multiDumpArgs that don't begin with $args=", () => {
    const plan = () => planMysql("mysql", aRequest({ params: { args: "", multiDumpArgs: "--databases a" } }));
    expect(plan).toThrow(UserError);
  });

  test("checks the server's certificate against the CA unless the AppBinding says not to", () => {
    const textOf = (ca: string | undefined, isInsecure: boolean) =>
      fileOf(planMysql("mysql", aRequest({ tls: { ca, certificate: undefined, isInsecure } })), "/f/client.cnf");
    expect(textOf("CA", false)).toContain("loose-ssl-mode=VERIFY_CA");
    for (const ca of [undefined, "CA"]) {
      expect(textOf(ca, true)).toContain("loose-ssl-verify-server-cert=0");
      expect(textOf(ca, true)).not.toContain("ssl-ca");
    }
    // Without a CA nothing is checked, and a server without TLS is no obstacle.
    expect(textOf(undefined, false)).toContain("loose-ssl-verify-server-cert=0");
    expect(textOf(undefined, false)).not.toContain("ssl-mode");
  });

  test.each([
    [0, "", "ready"],
    [1, "ERROR 1045 (28000): Access denied for user", "refused"],
    [1, "ERROR 2026 (HY000): TLS/SSL error: self-signed certificate in certificate chain", "refused"],
    [1, "ERROR 2026 (HY000): SSL connection error: error:00000000:lib(0)", "waiting"],
    [1, "ERROR 2002 (HY000): Can't connect to server on 'db' (115)", "waiting"],
    [undefined, "", "waiting"],
  ])("exit %s with %j means %s", (code, words, answer) => {
    expect(readMysqlProbe(code, words)).toBe(answer);
  });
});

describe("postgres", () => {
  test("dumps the cluster by default and loads with a stop at the first error", () => {
    const plan = planPostgres(aRequest());
    expect(plan.dumps.map(({ argv }) => argv)).toEqual([["pg_dumpall", "--no-password"]]);
    expect(plan.load.argv).toContain("--set=ON_ERROR_STOP=1");
    expect(plan.load.env).toMatchObject({
      PGHOST: "db.demo.svc",
      PGPORT: "1234",
      PGUSER: "admin",
      PGDATABASE: "postgres",
    });
  });

  test("takes sslmode from the query and the default port when there is none", () => {
    const address = {
      ...aRequest().address,
      port: undefined,
      path: "/shop",
      query: new Map([["sslmode", "verify-full"]]),
    };
    expect(planPostgres(aRequest({ address })).load.env).toMatchObject({
      PGPORT: "5432",
      PGDATABASE: "shop",
      PGSSLMODE: "verify-full",
    });
  });

  test("checks the server's certificate against the CA unless the AppBinding says not to", () => {
    const plan = (ca: string | undefined, isInsecure: boolean) =>
      planPostgres(aRequest({ tls: { ca, certificate: undefined, isInsecure } }));
    expect(plan("CA", false).load.env).toMatchObject({ PGSSLMODE: "verify-ca", PGSSLROOTCERT: "/f/ca.crt" });
    expect(plan("CA", true).load.env).toMatchObject({ PGSSLMODE: "require" });
    for (const { load } of [plan("CA", true), plan(undefined, false)]) {
      expect(load.env).not.toHaveProperty("PGSSLROOTCERT");
    }
    expect(plan(undefined, false).load.env).not.toHaveProperty("PGSSLMODE");
  });

  test("escapes what a password file would take apart", () => {
    expect(fileOf(planPostgres(aRequest({ password: "a:b\\c" })), "/f/pgpass")).toBe("*:*:*:*:a\\:b\\\\c\n");
    expect(() => planPostgres(aRequest({ password: "a\n" }))).toThrow(
      expect.objectContaining({ code: "SECRET_INVALID" }),
    );
  });

  test("runs no other program than PostgreSQL's own", () => {
    const plan = (backupCommand: string) => planPostgres(aRequest({ params: { args: "", backupCommand } }));
    expect(plan("pg_dump").dumps[0]?.argv[0]).toBe("pg_dump");
    expect(() => plan("sh")).toThrow(UserError);
  });

  test.each([
    [0, "1", "ready"],
    [2, 'FATAL:  password authentication failed for user "x"', "refused"],
    [2, 'FATAL:  database "x" does not exist', "ready"],
    [2, "FATAL:  the database system is starting up", "waiting"],
    [2, "connection to server at 127.0.0.1 failed: Connection refused", "waiting"],
  ])("exit %s with %j means %s", (code, words, answer) => {
    expect(readPostgresProbe(code, words)).toBe(answer);
  });
});

/** A real PostgreSQL. It refuses to run as root, so its files belong to the user that the package makes. */
import { globSync } from "node:fs";
import { chown, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePorts } from "../control-plane/free-ports.ts";
import { type DatabaseServer, runTool, type ServerTls, startDaemon } from "./server.ts";

/** @param password of the user `postgres`, which connects over TCP */
export async function startPostgres(password: string, tls?: ServerTls): Promise<DatabaseServer> {
  const bin = globSync("/usr/lib/postgresql/*/bin").sort().at(-1) ?? "";
  const uid = Number(await runTool(["id", "-u", "postgres"]));
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-postgres-"));
  await chown(dir, uid, uid);
  const data = join(dir, "data");
  const passwordFile = join(dir, "password");
  await writeFile(passwordFile, password, { mode: 0o644 });
  await runTool(
    [
      join(bin, "initdb"),
      `--pgdata=${data}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      "--auth-host=scram-sha-256",
      "--auth-local=trust",
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
    ],
    { uid },
  );
  const [port = 0] = await findFreePorts(1);
  const settings = tls === undefined ? [] : await enableTls(data, uid, tls);
  const query = (sql: string, database = "postgres") =>
    runTool(["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"], {
      input: sql,
      env: { PGHOST: dir, PGPORT: String(port), PGUSER: "postgres", PGDATABASE: database },
    });
  const daemon = await startDaemon(
    [
      join(bin, "postgres"),
      "-D",
      data,
      "-p",
      String(port),
      "-k",
      dir,
      "-c",
      "listen_addresses=127.0.0.1",
      "-c",
      "fsync=off",
      ...settings,
    ],
    { dir, uid, logPath: join(dir, "log"), isReady: async () => (await query("SELECT 1")) !== "" },
  );
  // A smart stop waits for clients to leave; SIGINT ends them.
  return { port, username: "postgres", password, query, stop: () => daemon.stop("SIGINT") };
}

/** Over TCP a client must use TLS; a user named `keeper` needs no password but a certificate. @returns arguments */
async function enableTls(data: string, uid: number, tls: ServerTls): Promise<readonly string[]> {
  const own = { ca: join(data, "ca.crt"), certificate: join(data, "server.crt"), key: join(data, "server.key") };
  for (const part of ["ca", "certificate", "key"] as const) {
    await writeFile(own[part], await readFile(tls[part]), { mode: 0o600 });
    await chown(own[part], uid, uid);
  }
  const rules = [
    "local all all trust",
    "hostssl all keeper 127.0.0.1/32 cert",
    "hostssl all all 127.0.0.1/32 scram-sha-256",
  ];
  await writeFile(join(data, "pg_hba.conf"), `${rules.join("\n")}\n`);
  const settings = ["ssl=on", `ssl_ca_file=${own.ca}`, `ssl_cert_file=${own.certificate}`, `ssl_key_file=${own.key}`];
  return settings.flatMap((setting) => ["-c", setting]);
}

/** A real PostgreSQL. It refuses to run as root, so its files belong to the user that the package makes. */
import { globSync } from "node:fs";
import { chown, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePorts } from "../control-plane/free-ports.ts";
import { type DatabaseServer, runTool, startDaemon } from "./server.ts";

/** @param password of the user `postgres`, which connects over TCP */
export async function startPostgres(password: string): Promise<DatabaseServer> {
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
    ],
    { dir, uid, logPath: join(dir, "log"), isReady: async () => (await query("SELECT 1")) !== "" },
  );
  // A smart stop waits for clients to leave; SIGINT ends them.
  return { port, username: "postgres", password, query, stop: () => daemon.stop("SIGINT") };
}

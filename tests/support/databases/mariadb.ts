/** A real MariaDB. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePorts } from "../control-plane/free-ports.ts";
import { type DatabaseServer, runTool, type ServerTls, startDaemon } from "./server.ts";

export interface MariadbServer extends DatabaseServer {
  readonly socket: string;
}

/** @param password of the user `root`, which connects over TCP */
export async function startMariadb(password: string, tls?: ServerTls): Promise<MariadbServer> {
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-mariadb-"));
  const data = join(dir, "data");
  const socket = join(dir, "s.sock");
  await runTool([
    "mariadb-install-db",
    "--no-defaults",
    "--user=root",
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
  ]);
  const [port = 0] = await findFreePorts(1);
  const client = ["mariadb", "--no-defaults", `--socket=${socket}`, "--user=root", "--default-character-set=utf8mb4"];
  const daemon = await startDaemon(
    [
      "mariadbd",
      "--no-defaults",
      "--user=root",
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--pid-file=${join(dir, "pid")}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      "--skip-name-resolve",
      "--innodb-flush-log-at-trx-commit=0",
      ...(tls === undefined ? [] : [`--ssl-ca=${tls.ca}`, `--ssl-cert=${tls.certificate}`, `--ssl-key=${tls.key}`]),
    ],
    {
      dir,
      logPath: join(dir, "log"),
      isReady: async () => (await runTool([...client, "--execute=SELECT 1"])) !== "",
    },
  );
  const sqlPassword = `'${password.replace(/[\\']/g, "\\$&")}'`;
  // On its socket root needs no password; over TCP there is another root with one.
  const sql = ["127.0.0.1", "%"].map(
    (host) =>
      `CREATE OR REPLACE USER root@'${host}' IDENTIFIED BY ${sqlPassword}; GRANT ALL ON *.* TO root@'${host}' WITH GRANT OPTION;`,
  );
  try {
    await runTool(client, { input: sql.join("\n") });
  } catch (error) {
    await daemon.stop("SIGKILL");
    throw error;
  }
  return {
    port,
    socket,
    username: "root",
    password,
    query: (sql, database = "") => runTool([...client, "--batch", "--raw", database], { input: sql }),
    stop: () => daemon.stop(),
  };
}

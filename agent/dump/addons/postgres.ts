/** PostgreSQL: command lines of its clients. Pure. */
import { UserError } from "../../../shared/errors.ts";
import { createCopyRows } from "../../verify/databases/copy-rows.ts";
import { postgresQuestions } from "../../verify/databases/postgres-questions.ts";
import { splitArguments } from "../command-line.ts";
import { SETTINGS_QUERY } from "../older-server.ts";
import type { DumpPlan, DumpRequest, PrivateFile, ProbeAnswer, ProgramCall } from "../plan.ts";
import type { Addon } from "./types.ts";

export const postgres: Addon = {
  userKeys: ["username", "POSTGRES_USER"],
  passwordKeys: ["password", "POSTGRES_PASSWORD"],
  defaultUser: "postgres",
  plan: planPostgres,
  readProbe: readPostgresProbe,
  questions: postgresQuestions,
  createRows: createCopyRows,
};

const DEFAULT_PORT = 5432;
const DUMP_PROGRAMS = ["pg_dumpall", "pg_dump"];
const CONNECT_TIMEOUT_SECONDS = 10;

/**
 * Plans dump and load. The password is in a file, everything else about the connection in libpq's variables, so that the
 * user's arguments still override it. `psql` stops at the first error (L101) unless the user's arguments say otherwise.
 *
 * @throws UserError INVALID_OBJECT when arguments can't be split, or the dump's program is none of PostgreSQL's
 */
export function planPostgres(request: DumpRequest): DumpPlan {
  const { params } = request;
  const program = params.backupCommand || "pg_dumpall";
  if (!DUMP_PROGRAMS.includes(program)) {
    throw new UserError("INVALID_OBJECT", `backupCMD: ${JSON.stringify(program)} is no program of PostgreSQL`, {
      next: `Set it to ${DUMP_PROGRAMS.join(" or ")}.`,
    });
  }
  const env = buildEnv(request);
  const args = splitArguments(params.args, "args");
  const call = (...argv: readonly string[]): ProgramCall => ({ argv, env });
  const client = ["psql", "--no-psqlrc", "--no-password"];
  const ask = (query: string) => call(...client, "--tuples-only", "--no-align", `--command=${query}`);
  return {
    files: buildFiles(request),
    client: call(...client),
    probe: ask("SELECT 1"),
    dumps: [call(program, "--no-password", ...args)],
    ...(program === "pg_dump"
      ? { leavesOut: [ONE_DATABASE] }
      : { askLeftOut: { call: ask(CLOSED_DATABASES), read: closedDatabases } }),
    load: call(...client, "--quiet", "--set=ON_ERROR_STOP=1", ...args),
    listRoles: ask("SELECT rolname FROM pg_catalog.pg_roles"),
    listSettings: ask(SETTINGS_QUERY),
  };
}

const ONE_DATABASE =
  "roles and other databases are not in the dump, since backupCMD is pg_dump: make the roles that own its objects anew before a restore into an empty server";

/** pg_dumpall passes them by without a word; of the server's own there is one. */
const CLOSED_DATABASES =
  "SELECT datname FROM pg_catalog.pg_database WHERE NOT datallowconn AND datname <> 'template0' ORDER BY 1";

function closedDatabases(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  return [
    `databases that allow no connections are not in the dump: ${names.join(", ")} (next: ALTER DATABASE ... ALLOW_CONNECTIONS true, or drop them)`,
  ];
}

function buildEnv({ address, username, password, tls, folder }: DumpRequest): Readonly<Record<string, string>> {
  const hasCa = tls.ca !== undefined;
  // libpq's own default goes on without TLS when the certificate is a wrong one.
  const mode = address.query.get("sslmode") ?? (hasCa ? (tls.isInsecure ? "require" : "verify-ca") : undefined);
  return {
    PGHOST: address.host,
    PGPORT: String(address.port ?? DEFAULT_PORT),
    PGUSER: username,
    PGDATABASE: address.path?.replace(/^\/+/, "") || "postgres",
    PGCONNECT_TIMEOUT: String(CONNECT_TIMEOUT_SECONDS),
    // A file of the image's user would count otherwise.
    PGPASSFILE: password === undefined ? `${folder}/none` : `${folder}/pgpass`,
    ...(mode !== undefined && { PGSSLMODE: mode }),
    // With a CA even `require` checks against it.
    ...(hasCa && !tls.isInsecure && { PGSSLROOTCERT: `${folder}/ca.crt` }),
    ...(tls.certificate !== undefined && { PGSSLCERT: `${folder}/tls.crt`, PGSSLKEY: `${folder}/tls.key` }),
  };
}

function buildFiles({ password, tls, folder }: DumpRequest): readonly PrivateFile[] {
  const { ca, certificate } = tls;
  if (password !== undefined && /[\n\r]/.test(password)) {
    throw new UserError("SECRET_INVALID", "the password holds a line break, which PostgreSQL can't be given", {
      next: "Remove the line break from the end of the Secret's value.",
    });
  }
  return [
    ...(password === undefined
      ? []
      : [{ path: `${folder}/pgpass`, text: `*:*:*:*:${password.replace(/[\\:]/g, "\\$&")}\n` }]),
    ...(ca === undefined || tls.isInsecure ? [] : [{ path: `${folder}/ca.crt`, text: ca }]),
    ...(certificate === undefined
      ? []
      : [
          { path: `${folder}/tls.crt`, text: certificate.certificate },
          { path: `${folder}/tls.key`, text: certificate.key },
        ]),
  ];
}

/** What psql said when it was asked whether the server is there. */
export function readPostgresProbe(exitCode: number | undefined, words: string): ProbeAnswer {
  if (exitCode === 0) return "ready";
  // The server speaks, and only the database to connect to by default is missing: a dump may name another.
  if (/database ".*" does not exist/.test(words)) return "ready";
  return /password authentication failed|no password supplied|role ".*" does not exist|no pg_hba\.conf entry|certificate|server does not support SSL|is not permitted to log in/.test(
    words,
  )
    ? "refused"
    : "waiting";
}

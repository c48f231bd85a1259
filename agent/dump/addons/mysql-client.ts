/** MySQL and MariaDB: command lines of their clients. Pure. */
import { UserError } from "../../../shared/errors.ts";
import { splitArguments } from "../command-line.ts";
import type { DumpPlan, DumpRequest, PrivateFile, ProbeAnswer, ProgramCall } from "../plan.ts";
import { isOfTables, scopeOf } from "./mysql-arguments.ts";
import { leftOutOf, WHAT_THERE_IS } from "./mysql-left-out.ts";

/** Where the account is found in a Secret. */
export const MYSQL_ACCOUNT = { userKeys: ["username"], passwordKeys: ["password"], defaultUser: "root" } as const;

export type MysqlFlavor = "mysql" | "mariadb";

const PROGRAMS: Readonly<Record<MysqlFlavor, { readonly dump: string; readonly client: string }>> = {
  mysql: { dump: "mysqldump", client: "mysql" },
  mariadb: { dump: "mariadb-dump", client: "mariadb" },
};

const CONNECT_TIMEOUT_SECONDS = 10;

/**
 * Plans dump and load. Address and credentials are in an option file, so that neither arguments nor environment show them
 * (L81). A client certificate is used where there is one (L102).
 *
 * @throws UserError INVALID_OBJECT when arguments can't be split
 */
export function planMysql(flavor: MysqlFlavor, request: DumpRequest): DumpPlan {
  const { dump, client } = PROGRAMS[flavor];
  const files = buildFiles(request);
  // Must be the first argument of all.
  const options = `--defaults-extra-file=${request.folder}/client.cnf`;
  const args = splitArguments(request.params.args, "args");
  const call = (...argv: readonly string[]): ProgramCall => ({ argv, env: {} });
  const dumps = dumpArguments(args, request.params.multiDumpArgs);
  return {
    files,
    client: call(client, options),
    probe: call(client, options, `--connect-timeout=${CONNECT_TIMEOUT_SECONDS}`, "--execute=SELECT 1"),
    dumps: dumps.map((own) => call(dump, options, ...(isOfTables(own) ? [] : EVERYTHING), ...own)),
    leavesOut: dumps.some((own) => scopeOf(own).ignored.includes("mysql")) ? [NO_ACCOUNTS] : [],
    askLeftOut: {
      call: call(client, options, "--batch", "--skip-column-names", `--execute=${WHAT_THERE_IS}`),
      read: (lines) => leftOutOf(dumps, lines),
    },
    // As they are in the dump: otherwise the client takes line breaks of Windows out of the bodies of routines.
    load: call(client, options, "--binary-mode", ...args),
    loadRemarks: [{ line: "USE `mysql`;", remark: UNREAD_ACCOUNTS }],
  };
}

/** What belongs to a database besides its tables. The user's arguments come later, and may take each back. */
const EVERYTHING = ["--routines", "--events", "--triggers"];

const NO_ACCOUNTS =
  "accounts and their rights are not in the dump, since args leave out the database mysql: make them anew before a restore into an empty server";

const UNREAD_ACCOUNTS =
  "accounts and their rights came back, and count once the server reads them: run FLUSH PRIVILEGES or restart it; the account that loaded has the password of the dump then";

/** Arguments of each dump: without `multiDumpArgs` one, else one for each part that `$args=` begins. */
function dumpArguments(args: readonly string[], multi: string | undefined): readonly (readonly string[])[] {
  if (!multi) return [args];
  const [before = "", ...parts] = multi.split("$args=");
  if (before.trim() !== "" || parts.length === 0) {
    throw new UserError("INVALID_OBJECT", "multiDumpArgs: each part begins with $args=", {
      next: "Write it as $args=... $args=..., one part a dump.",
    });
  }
  const split = parts.map((part) => splitArguments(part, "multiDumpArgs"));
  return split.map((own, index) => (index === 0 ? [...args, ...own] : own));
}

function buildFiles({ address, username, password, tls, folder }: DumpRequest): readonly PrivateFile[] {
  const pem: readonly (readonly [string, string, string | undefined])[] = [
    // A client that has a CA checks against it, whatever else it is told.
    ["ssl-ca", "ca.crt", tls.isInsecure ? undefined : tls.ca],
    ["ssl-cert", "tls.crt", tls.certificate?.certificate],
    ["ssl-key", "tls.key", tls.certificate?.key],
  ];
  const present = pem.flatMap(([option, name, text]) => (text === undefined ? [] : [{ option, name, text }]));
  const lines = [
    "[client]",
    option("host", address.host),
    ...(address.port === undefined ? [] : [`port=${address.port}`]),
    // `localhost` would otherwise mean a socket file of this container.
    "protocol=tcp",
    option("user", username),
    ...(password === undefined ? [] : [option("password", password)]),
    // The clients of older versions take three bytes a character by default, and write ? for others.
    "default-character-set=utf8mb4",
    ...present.map(({ option: name, name: file }) => option(name, `${folder}/${file}`)),
    ...verification(tls),
  ];
  const texts = present.map(({ name, text }) => ({ path: `${folder}/${name}`, text }));
  return [{ path: `${folder}/client.cnf`, text: `${lines.join("\n")}\n` }, ...texts];
}

/**
 * MySQL and MariaDB name it differently; `loose` lets each skip the other's. MariaDB's clients since 11.4 check by themselves
 * and refuse a server without TLS, so where there is no CA they are told not to: TLS is then used if the server offers it.
 */
function verification({ ca, isInsecure }: DumpRequest["tls"]): readonly string[] {
  if (isInsecure || ca === undefined) return ["loose-ssl-verify-server-cert=0"];
  return ["loose-ssl-mode=VERIFY_CA", "loose-ssl-verify-server-cert=1"];
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** One line of an option file. */
function option(name: string, value: string): string {
  return `${name}="${value.replace(/[\\"\n\r\t]/g, (character) => ESCAPES[character] ?? character)}"`;
}

/** What the client said when it was asked whether the server is there. */
export function readMysqlProbe(exitCode: number | undefined, words: string): ProbeAnswer {
  if (exitCode === 0) return "ready";
  return /ERROR (1044|1045|1698|1862|3118)\b|Access denied|ERROR 2026\b.*(certificate|SSL is required)/i.test(words)
    ? "refused"
    : "waiting";
}

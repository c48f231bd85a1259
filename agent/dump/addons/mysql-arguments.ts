/** Arguments of mysqldump and mariadb-dump: what they select. Pure. */

/** Options of the dump programs whose value may be an argument of its own. */
const VALUED_OPTIONS = new Set(
  (
    "bind-address character-sets-dir compatible compression-algorithms debug default-auth default-character-set " +
    "defaults-extra-file defaults-file defaults-group-suffix fields-enclosed-by fields-escaped-by " +
    "fields-optionally-enclosed-by fields-terminated-by host ignore-database ignore-error ignore-table ignore-table-data " +
    "init-command init-command-add lines-terminated-by log-error login-path max-allowed-packet net-buffer-length " +
    "plugin-dir port protocol result-file server-public-key-path set-gtid-purged socket ssl-ca ssl-capath ssl-cert " +
    "ssl-cipher ssl-crl ssl-crlpath ssl-fips-mode ssl-key ssl-mode system tab tls-ciphersuites tls-sni-servername " +
    "tls-version user where zstd-compression-level"
  ).split(" "),
);
/** The last letter of a group of short options that takes what follows. */
const VALUED_LETTER = /^-[a-zA-Z]*[hPSTruw]$/;

function isValued(arg: string): boolean {
  return arg.startsWith("--") ? VALUED_OPTIONS.has(arg.slice(2).replaceAll("_", "-")) : VALUED_LETTER.test(arg);
}

function isAll(arg: string): boolean {
  return arg === "--all-databases" || /^-[a-zA-Z]*A$/.test(arg);
}

function isOfDatabases(arg: string): boolean {
  return arg === "--databases" || /^-[a-zA-Z]*B$/.test(arg);
}

function namesIn(args: readonly string[]): readonly string[] {
  return args.filter((arg, at) => !arg.startsWith("-") && !isValued(args[at - 1] ?? ""));
}

/** Whether tables are named: a database by itself, which is the usual way, means all of it. */
export function isOfTables(args: readonly string[]): boolean {
  if (args.includes("--tables")) return true;
  if (args.some((arg) => isAll(arg) || isOfDatabases(arg))) return false;
  return namesIn(args).length > 1;
}

/** Databases that a dump is of. */
export interface DumpScope {
  /** Undefined for all. */
  readonly databases: readonly string[] | undefined;
  readonly ignored: readonly string[];
}

export function scopeOf(args: readonly string[]): DumpScope {
  const ignored = args.flatMap((arg, at) => {
    const [option, value = args[at + 1] ?? ""] = arg.split("=", 2);
    return option === "--ignore-database" ? [value] : [];
  });
  if (args.some(isAll)) return { databases: undefined, ignored };
  const names = namesIn(args);
  return { databases: args.some(isOfDatabases) ? names : names.slice(0, 1), ignored };
}

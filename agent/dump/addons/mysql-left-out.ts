/**
 * What a dump of MySQL or MariaDB leaves out without a word, as the server tells it: it shows an account only what that has a right
 * to see, and the dump programs take what they are shown for all there is. Pure.
 *
 * | lacks the right | is left out |
 * |---|---|
 * | any for all databases, and the dump is of all | databases that the account has no right for |
 * | SELECT for a database | its tables that the account has no right for |
 * | TRIGGER for a database | its triggers |
 * | any by which routines are seen | the routines of others |
 *
 * What is seen and may not be read fails the dump by itself, and so does a missing EVENT.
 */
import { OWN_SCHEMAS } from "../../verify/databases/mysql-schemas.ts";
import { type DumpScope, isOfTables, scopeOf } from "./mysql-arguments.ts";

const DATABASE = "database ";
const VERSIONED = "versioned ";

/** Lines that begin with these words, and those of SHOW GRANTS. */
export const WHAT_THERE_IS = [
  `SELECT CONCAT('${DATABASE}', SCHEMA_NAME) FROM information_schema.SCHEMATA`,
  `SELECT CONCAT('${VERSIONED}', TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_TYPE = 'SYSTEM VERSIONED'`,
  "SHOW GRANTS",
].join("; ");

interface Grant {
  readonly rights: ReadonlySet<string>;
  /** Undefined for all. */
  readonly database: string | undefined;
}

/** Rights for routines: who has one for a database sees the routines that are in it. */
const SEE_ROUTINES = ["EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE", "SHOW CREATE ROUTINE"];
const GRANT = /^GRANT (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)+`)\.\* TO /;
/** MySQL names a role with its host, and does not tell what its rights are. */
const UNTOLD_ROLE = /^GRANT `(?:[^`]|``)+`@`[^`]*`(?:,`(?:[^`]|``)+`@`[^`]*`)* TO /;

function parseGrant(line: string): readonly Grant[] {
  const [, rights = "", place = ""] = GRANT.exec(line) ?? [];
  if (place === "") return [];
  const database = place === "*" ? undefined : place.slice(1, -1).replaceAll("``", "`");
  return [{ rights: new Set(rights.split(/, ?/)), database }];
}

/** `_`, `%` and `\` mean in the database of a grant what they mean in LIKE. */
function isOf(database: string, { database: pattern }: Grant): boolean {
  if (pattern === undefined) return true;
  const source = pattern.replace(/\\?[\s\S]/g, (part) => {
    if (part === "%") return "[\\s\\S]*";
    if (part === "_") return "[\\s\\S]";
    return part.slice(-1).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  });
  return new RegExp(`^${source}$`).test(database);
}

function hasOne(rights: readonly string[], grants: readonly Grant[]): boolean {
  return grants.some(({ rights: own }) => own.has("ALL PRIVILEGES") || rights.some((right) => own.has(right)));
}

function isIn({ databases, ignored }: DumpScope, database: string): boolean {
  return (databases?.includes(database) ?? !OWN_SCHEMAS.includes(database)) && !ignored.includes(database);
}

/**
 * @param dumps arguments of each
 * @param lines the server's answer to WHAT_THERE_IS
 * @returns one sentence each
 */
export function leftOutOf(dumps: readonly (readonly string[])[], lines: readonly string[]): readonly string[] {
  const after = (word: string) => lines.flatMap((line) => (line.startsWith(word) ? [line.slice(word.length)] : []));
  const inAny = (args: readonly (readonly string[])[], database: string) =>
    args.some((own) => isIn(scopeOf(own), database));
  const without = (option: string) => dumps.filter((args) => !args.includes(option));
  const history = after(VERSIONED).filter((name) => inAny(without("--dump-history"), name.split(".")[0] ?? ""));
  return [
    ...(lines.some((line) => UNTOLD_ROLE.test(line))
      ? []
      : unseen(after(DATABASE).sort(), lines.flatMap(parseGrant), dumps)),
    ...sentence(
      history,
      (names) =>
        `former rows of system-versioned tables are not in the dump: ${names} (next: add --dump-history to args, which MariaDB knows since 10.11)`,
    ),
  ];

  function unseen(
    databases: readonly string[],
    grants: readonly Grant[],
    all: readonly (readonly string[])[],
  ): readonly string[] {
    const everywhere = grants.filter(({ database }) => database === undefined);
    const isBlind = everywhere.every(({ rights }) => rights.size === 1 && rights.has("USAGE"));
    const lacking = (rights: readonly string[], of: readonly (readonly string[])[]) =>
      databases.filter(
        (database) =>
          inAny(of, database) &&
          !hasOne(
            rights,
            grants.filter((grant) => isOf(database, grant)),
          ),
      );
    const seesBodies =
      hasOne(["SELECT", "SHOW_ROUTINE"], everywhere) ||
      hasOne(
        ["SELECT"],
        grants.filter((grant) => isOf("mysql", grant)),
      );
    return [
      ...(isBlind && all.some((args) => scopeOf(args).databases === undefined)
        ? [
            "databases for which the account has no right are not in the dump, should there be any: args ask for all (next: give it SHOW DATABASES and SELECT, or name in args those that are meant)",
          ]
        : []),
      ...sentence(
        lacking(["SELECT"], all),
        (names) =>
          `tables are not in the dump, should there be any: those of ${names} for which the account has no right (next: give it SELECT)`,
      ),
      ...sentence(
        lacking(["TRIGGER"], without("--skip-triggers")),
        (names) =>
          `triggers are not in the dump, should there be any: the account may not see those of ${names} (next: give it TRIGGER, or add --skip-triggers to args)`,
      ),
      ...sentence(
        seesBodies
          ? []
          : lacking(
              SEE_ROUTINES,
              without("--skip-routines").filter((args) => !isOfTables(args)),
            ),
        (names) =>
          `routines of others are not in the dump, should there be any: the account may not see those of ${names} (next: give it SELECT on mysql.*, or add --skip-routines to args)`,
      ),
    ];
  }
}

const SHOWN_NAMES = 10;

function sentence(names: readonly string[], say: (names: string) => string): readonly string[] {
  if (names.length === 0) return [];
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : "";
  return [say(`${names.slice(0, SHOWN_NAMES).join(", ")}${more}`)];
}

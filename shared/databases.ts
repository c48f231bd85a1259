/**
 * The databases whose dump and load the image can do: one row each, with what the catalogue, the image and the agent's commands are made
 * of. How its own programs are called stands in `agent/dump/addons/`; nothing else names a database. Pure.
 */

/** A parameter of the Task, and the agent's flag that takes its value. */
interface TaskParameter {
  readonly flag: string;
  /** Name as users write it in `task.params`. */
  readonly name: string;
  readonly default: string;
}

export interface DatabaseRow {
  /** For people. */
  readonly title: string;
  /** The agent's commands are `backup-` and `restore-` with this, as those of upstream's addon. */
  readonly command: string;
  /** A version, with the release of upstream's addon, as Tasks of old manifests are named. */
  readonly exampleVersion: string;
  /** Parameters of both Tasks, then those of each. Arguments for the database's own program come first. */
  readonly parameters: { readonly backup: readonly TaskParameter[]; readonly restore: readonly TaskParameter[] };
  /** Debian's package with the programs that dump and load. */
  readonly clientPackage: string;
  readonly server: DatabaseServerRow;
}

/** A throw-away server of it, as drills load dumps into: its usual image, and how that is told its password and where its files belong. */
export interface DatabaseServerRow {
  /** Without a tag: that is the version. */
  readonly image: string;
  /** Of its URLs. */
  readonly scheme: string;
  readonly port: number;
  /** Its administrator, whom the dump is loaded as. */
  readonly user: string;
  /** Variable that its image takes the administrator's password from. */
  readonly passwordVariable: string;
  /** Where it is to have its files: a folder that does not exist yet. */
  files(folder: string): { readonly args?: readonly string[]; readonly variables?: Readonly<Record<string, string>> };
  /** User of the image that is not root; it counts where a namespace forbids root. */
  readonly userId: number;
}

const args = (flag: string, standard = ""): TaskParameter => ({ flag, name: "args", default: standard });
const MULTI_DUMP: TaskParameter = { flag: "multi-dump-args", name: "multiDumpArgs", default: "" };
const USER: TaskParameter = { flag: "user", name: "user", default: "" };

const mysqlServer = (image: string): DatabaseServerRow => ({
  image,
  scheme: "mysql",
  port: 3306,
  user: "root",
  passwordVariable: "MYSQL_ROOT_PASSWORD",
  files: (folder) => ({ args: [`--datadir=${folder}`] }),
  userId: 999,
});

export const DATABASES = {
  mysql: {
    title: "MySQL",
    command: "mysql",
    exampleVersion: "8.0.21-v1",
    parameters: {
      backup: [args("mysql-args", "--all-databases"), MULTI_DUMP],
      restore: [args("mysql-args")],
    },
    clientPackage: "mariadb-client",
    server: mysqlServer("docker.io/library/mysql"),
  },
  mariadb: {
    title: "MariaDB",
    command: "mariadb",
    exampleVersion: "10.6.23-v1",
    parameters: {
      backup: [args("mariadb-args", "--all-databases --ignore-database=mysql"), MULTI_DUMP],
      restore: [args("mariadb-args")],
    },
    clientPackage: "mariadb-client",
    server: mysqlServer("docker.io/library/mariadb"),
  },
  postgres: {
    title: "PostgreSQL",
    command: "pg",
    exampleVersion: "16.1-v1",
    parameters: {
      backup: [args("pg-args"), { flag: "backup-cmd", name: "backupCMD", default: "pg_dumpall" }, USER],
      restore: [args("pg-args"), USER],
    },
    clientPackage: "postgresql-client",
    server: {
      image: "docker.io/library/postgres",
      scheme: "postgresql",
      port: 5432,
      user: "postgres",
      passwordVariable: "POSTGRES_PASSWORD",
      files: (folder) => ({ variables: { PGDATA: folder } }),
      userId: 999,
    },
  },
} as const satisfies Readonly<Record<string, DatabaseRow>>;

/** As the resource of an AppBinding's type, and as the first word of the catalogue's Tasks. */
export type DatabaseName = keyof typeof DATABASES;

export function isDatabaseName(name: string): name is DatabaseName {
  return Object.hasOwn(DATABASES, name);
}

/** Names of all databases, in their order. */
export const DATABASE_NAMES: readonly DatabaseName[] = Object.keys(DATABASES).filter(isDatabaseName);

/** The agent's command for one half of the work, such as `backup-pg`. */
export function databaseCommand(name: DatabaseName, verb: "backup" | "restore"): string {
  return `${verb}-${DATABASES[name].command}`;
}

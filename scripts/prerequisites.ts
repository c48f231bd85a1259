/** The programs that tests and the demo run, and how a Debian machine gets the ones that it lacks. */
import { execFile, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, glob } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

export interface Prerequisite {
  /** Names to look for on PATH, and absolute paths (or patterns) of files that the package brings. */
  readonly programs: readonly string[];
  /** The Debian package that brings them. */
  readonly package: string;
  /** What goes without them, as the end of "needed ...". */
  readonly why: string;
}

export const PREREQUISITES = {
  restic: { programs: ["restic"], package: "restic", why: "for every backup and restore" },
  rclone: { programs: ["rclone"], package: "rclone", why: "to serve restic repositories over HTTP" },
  "util-linux": {
    programs: ["unshare", "nsenter", "setpriv", "flock"],
    package: "util-linux",
    why: "to give each node its own view of the machine",
  },
  iproute2: { programs: ["ip"], package: "iproute2", why: "to give each node its own network" },
  iptables: { programs: ["iptables"], package: "iptables", why: "for Services inside of nodes" },
  conntrack: { programs: ["conntrack"], package: "conntrack", why: "for Services inside of nodes" },
  runc: { programs: ["runc"], package: "runc", why: "to run containers" },
  mmdebstrap: { programs: ["mmdebstrap"], package: "mmdebstrap", why: "to make images of Debian's packages" },
  attr: {
    programs: ["setfattr", "getfattr"],
    package: "attr",
    why: "to compare extended attributes of restored files",
  },
  procps: { programs: ["ps"], package: "procps", why: "to look at the processes of a pod" },
  "mariadb-server": { programs: ["mariadbd"], package: "mariadb-server", why: "to back up a real MariaDB" },
  "mariadb-client": { programs: ["mariadb-dump"], package: "mariadb-client", why: "to dump and load MariaDB" },
  postgresql: {
    programs: ["/usr/lib/postgresql/*/bin/postgres"],
    package: "postgresql",
    why: "to back up a real PostgreSQL",
  },
  "postgresql-client": { programs: ["pg_dump"], package: "postgresql-client", why: "to dump and load PostgreSQL" },
  openssl: { programs: ["openssl"], package: "openssl", why: "to issue certificates for databases" },
  prometheus: { programs: ["promtool"], package: "prometheus", why: "to evaluate the alert rules" },
  chromium: { programs: ["/usr/bin/chromium"], package: "chromium", why: "to look at the pages of `kubectl stash ui`" },
  lua: { programs: ["lua5.4"], package: "lua5.4", why: "to run the health checks of Argo CD" },
  git: { programs: ["git"], package: "git", why: "to read the version that upgrades are tried from" },
  jq: { programs: ["jq"], package: "jq", why: "to run what Argo CD is told to leave alone" },
  "redis-server": { programs: ["redis-server"], package: "redis-server", why: "to back up a real Redis" },
  "apache-php": {
    programs: ["apache2", "/usr/lib/apache2/modules/libphp*.so"],
    package: "libapache2-mod-php",
    why: "to serve the demo's WordPress",
  },
  "php-mysql": { programs: ["/usr/lib/php/*/mysqli.so"], package: "php-mysql", why: "for WordPress to reach MariaDB" },
  "php-gd": { programs: ["/usr/lib/php/*/gd.so"], package: "php-gd", why: "for WordPress to resize pictures" },
  wordpress: { programs: ["/usr/share/wordpress/wp-load.php"], package: "wordpress", why: "as the demo's application" },
  "wordpress-theme": {
    programs: ["/usr/share/wordpress/wp-content/themes/twentytwenty*/style.css"],
    package: "wordpress-theme-twentytwentythree",
    why: "for WordPress to show its pages",
  },
} as const satisfies Record<string, Prerequisite>;

export type PrerequisiteName = keyof typeof PREREQUISITES;

/** What the nodes of a test cluster and their images are made with. */
export const NODE_PREREQUISITES = [
  "util-linux",
  "iproute2",
  "iptables",
  "conntrack",
  "runc",
  "mmdebstrap",
] as const satisfies readonly PrerequisiteName[];

/** What the check and the installation need of a machine. */
export interface Machine {
  readonly searchPath: readonly string[];
  /** Why packages can't be installed here, as a whole sentence; undefined when they can. */
  readonly obstacle: string | undefined;
  /** @throws Error that says why the packages were not installed */
  install(packages: readonly string[]): Promise<void>;
}

export class PrerequisitesMissingError extends Error {
  readonly missing: readonly PrerequisiteName[];

  constructor(missing: readonly PrerequisiteName[], because: string, cause?: unknown) {
    const packages = packagesOf(missing);
    const lines = missing.map((name) => {
      return `  - ${PREREQUISITES[name].programs.join(", ")}: needed ${PREREQUISITES[name].why}`;
    });
    const advice = `Install them yourself and run again: apt-get install ${packages.join(" ")}`;
    super(`programs are missing:\n${lines.join("\n")}\n${because}\n${advice}`, { cause });
    this.name = "PrerequisitesMissingError";
    this.missing = missing;
  }
}

/**
 * Makes sure that the programs are there; installs the packages of those that are missing. No service is started.
 *
 * @param options.need names from PREREQUISITES, only those that the caller really runs
 * @param options.onProgress gets one line before an installation and one after it
 * @throws PrerequisitesMissingError with all that is missing, when it can't be installed
 */
export async function ensurePrerequisites(
  options: { readonly need: readonly PrerequisiteName[]; readonly onProgress?: (line: string) => void },
  machine: Machine = thisMachine(),
): Promise<void> {
  const missing = await findMissing(options.need, machine.searchPath);
  if (missing.length === 0) return;
  if (machine.obstacle !== undefined) throw new PrerequisitesMissingError(missing, machine.obstacle);
  const packages = packagesOf(missing);
  const startedAt = performance.now();
  options.onProgress?.(`installing the Debian packages ${packages.join(" ")} ...`);
  try {
    await machine.install(packages);
  } catch (error) {
    throw new PrerequisitesMissingError(missing, `apt-get could not install them: ${lastLines(error)}`, error);
  }
  const stillMissing = await findMissing(missing, machine.searchPath);
  if (stillMissing.length > 0) {
    throw new PrerequisitesMissingError(stillMissing, "Their packages are installed but did not bring them.");
  }
  options.onProgress?.(`installed in ${Math.round((performance.now() - startedAt) / 1000)} s`);
}

/**
 * Finds the programs of a cluster, or makes them (minutes, the first time), by scripts/cluster.sh.
 *
 * @param options.onProgress gets each line of the script's progress
 * @returns folder that holds etcd, the programs of Kubernetes, containerd and CNI plugins
 * @throws Error with the script's own advice when this machine can't provide them
 */
export function ensureClusterPrograms(options: { readonly onProgress: (line: string) => void }): Promise<string> {
  const child = spawn(join(import.meta.dirname, "cluster.sh"), { stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  const advice: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => output.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (line.startsWith("programs [")) options.onProgress(line);
    else advice.push(line);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const dir = output.at(-1);
      if (code === 0 && dir !== undefined) resolve(dir);
      else reject(new Error(advice.join("\n").trim() || `scripts/cluster.sh ended with exit code ${code}`));
    });
  });
}

function packagesOf(names: readonly PrerequisiteName[]): string[] {
  return [...new Set(names.map((name) => PREREQUISITES[name].package))];
}

async function findMissing(
  names: readonly PrerequisiteName[],
  searchPath: readonly string[],
): Promise<PrerequisiteName[]> {
  const unique = [...new Set(names)];
  const complete = await Promise.all(
    unique.map(async (name) => {
      const present = await Promise.all(PREREQUISITES[name].programs.map((program) => isPresent(program, searchPath)));
      return !present.includes(false);
    }),
  );
  return unique.filter((_, index) => complete[index] === false);
}

async function isPresent(program: string, searchPath: readonly string[]): Promise<boolean> {
  if (program.startsWith("/")) {
    for await (const _ of glob(program)) return true;
    return false;
  }
  const tries = searchPath.map((folder) => access(join(folder, program), constants.X_OK).then(() => true));
  return Promise.any(tries).catch(() => false);
}

/** An installation that takes longer than this hangs. */
const INSTALL_TIMEOUT_MS = 15 * 60 * 1000;
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

function thisMachine(): Machine {
  // Servers live in sbin, which the PATH of many users leaves out.
  const searchPath = [...(process.env["PATH"] ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return {
    searchPath: searchPath.filter((folder) => folder.startsWith("/")),
    obstacle: process.getuid?.() === 0 ? undefined : "Only root can install packages, and this is not root.",
    async install(packages) {
      await promisify(execFile)(join(import.meta.dirname, "prerequisites-apt.sh"), packages, {
        timeout: INSTALL_TIMEOUT_MS,
        maxBuffer: OUTPUT_LIMIT_BYTES,
      });
    },
  };
}

function lastLines(error: unknown): string {
  const hasOutput = typeof error === "object" && error !== null && "stderr" in error;
  const text = hasOutput && String(error.stderr).trim() !== "" ? String(error.stderr) : String(error);
  return text.trim().split("\n").slice(-3).join(" ");
}

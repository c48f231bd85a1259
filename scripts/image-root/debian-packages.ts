/** Debian packages of any release on any Debian: apt's own client, with lists, sums and keys, but nothing of the machine's. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const MIRROR = "http://deb.debian.org/debian";
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** File of the package; apt has compared it with the sum in the signed list. */
  readonly path: string;
}

/**
 * Downloads packages with everything that they depend on.
 *
 * @param dir folder for apt's lists and the files; what is there from an earlier run is used again
 * @throws Error with apt's words when there is no apt, no network, or a sum or signature is wrong
 */
export async function downloadPackages(
  suite: string,
  names: readonly string[],
  dir: string,
): Promise<readonly DebianPackage[]> {
  if (!existsSync(KEYRING)) throw new Error(`${KEYRING} is missing: install the package debian-archive-keyring`);
  const archives = join(dir, "archives");
  const none = join(dir, "none");
  for (const folder of [dir, join(dir, "lists"), archives, none]) {
    await mkdir(join(folder, "partial"), { recursive: true });
  }
  await writeFile(join(dir, "sources.list"), `deb [signed-by=${KEYRING}] ${MIRROR} ${suite} main\n`);
  // Nothing counts as installed, so that all dependencies come along.
  await writeFile(join(dir, "status"), "");
  const apt = (archivesDir: string, ...args: readonly string[]) =>
    run("apt-get", [...aptOptions(dir, archivesDir), ...args], { maxBuffer: MAX_OUTPUT_BYTES });
  await apt(archives, "update");
  await apt(archives, "--yes", "--download-only", "install", ...names);
  // Against an empty folder all files are named, whether they were here before or not.
  const { stdout } = await apt(none, "--yes", "--print-uris", "install", ...names);
  return readFileNames(stdout).map((file) => ({ ...readName(file), path: join(archives, file) }));
}

function aptOptions(dir: string, archives: string): readonly string[] {
  return [
    `-oDir::Etc::SourceList=${join(dir, "sources.list")}`,
    "-oDir::Etc::SourceParts=/nonexistent",
    "-oDir::Etc::Parts=/nonexistent",
    `-oDir::State::Lists=${join(dir, "lists")}`,
    `-oDir::State::Status=${join(dir, "status")}`,
    `-oDir::Cache=${dir}`,
    `-oDir::Cache::Archives=${archives}`,
    "-oAPT::Install-Recommends=false",
    "-oAPT::Sandbox::User=root",
    "-oDebug::NoLocking=true",
    "--quiet",
  ];
}

/** Lines such as `'http://.../restic_0.18.0-1_amd64.deb' restic_0.18.0-1_amd64.deb 8128 SHA256:...`. */
function readFileNames(output: string): readonly string[] {
  return [...output.matchAll(/^'[^']+' (\S+\.deb) \d+/gm)].map(([, file = ""]) => file);
}

function readName(file: string): { readonly name: string; readonly version: string } {
  const [name = "", version = ""] = basename(file).split("_");
  // apt writes the colon of an epoch as %3a.
  return { name, version: decodeURIComponent(version) };
}

/** The fields of a package, as dpkg's list of installed packages has them. */
export async function describePackage({ path }: DebianPackage): Promise<string> {
  const { stdout } = await run("dpkg-deb", ["--field", path], { maxBuffer: MAX_OUTPUT_BYTES });
  return stdout.trimEnd();
}

/** Puts a package's files into a folder. Links to folders that are there stay links. */
export async function unpackPackage({ path }: DebianPackage, root: string): Promise<void> {
  const pipe = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --keep-directory-symlink --preserve-permissions -C "$2"';
  await run("bash", ["-o", "pipefail", "-c", pipe, "unpack", path, root], { maxBuffer: MAX_OUTPUT_BYTES });
}

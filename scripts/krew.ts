/**
 * `npm run krew -- --version 1.2.3 --url URL [--out FOLDER]`: builds the kubectl plugin, packs it, and writes the manifest by which krew
 * installs it: `kubectl krew install --manifest=stash.yaml`.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { PROGRAM_SUMMARY } from "../cli/program/parse.ts";
import { buildTarball } from "../cli/tarball.ts";
import { messageOf } from "../shared/errors.ts";
import { buildPlugin, PLUGIN_FILE } from "./build.ts";

const USAGE = `usage: npm run krew -- --version VERSION --url URL [--out FOLDER]

  --version  of the release, such as 1.2.3
  --url      where the archive will lie
  --out      where archive and manifest are written (default: dist/krew)
`;
const ARCHIVE = "kubectl-stash.tar.gz";
const root = resolve(import.meta.dirname, "..");
/** What a script with Node in its first line runs on. */
const PLATFORMS = ["linux", "darwin"].flatMap((os) => ["amd64", "arm64"].map((arch) => ({ os, arch })));

export interface KrewRelease {
  readonly version: string;
  readonly url: string;
  readonly sha256: string;
}

/** The manifest as krew reads it. @throws Error for a version or an address that krew refuses */
export function buildKrewManifest({ version, url, sha256 }: KrewRelease): object {
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) throw new Error(`--version ${version} is no version`);
  if (!url.startsWith("https://")) throw new Error(`--url ${url} is no https address`);
  return {
    apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
    kind: "Plugin",
    metadata: { name: "stash" },
    spec: {
      version: `v${version}`,
      shortDescription: "Back up and restore applications of several parts",
      description: `${PROGRAM_SUMMARY}\n\nSays what is backed up and how well, backs up and restores at once, looks into backups.\n`,
      caveats: "It is run by Node, from version 20 on.\n",
      platforms: PLATFORMS.map((matchLabels) => ({
        selector: { matchLabels },
        uri: url,
        sha256,
        bin: PLUGIN_FILE,
        files: [
          { from: PLUGIN_FILE, to: "." },
          { from: "LICENSE", to: "." },
        ],
      })),
    },
  };
}

/** The archive with the program that a build made. */
export function packPlugin(folder: string): Buffer {
  return buildTarball(
    [
      { path: PLUGIN_FILE, data: readFileSync(join(folder, PLUGIN_FILE)), mode: 0o755 },
      { path: "LICENSE", data: readFileSync(join(root, "LICENSE")), mode: 0o644 },
    ],
    0,
  );
}

/** Runs the command. @returns the exit code: 2 for wrong arguments */
export async function runKrew(argv: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "stash-krew-"));
  try {
    const options = { version: { type: "string" }, url: { type: "string" }, out: { type: "string" } } as const;
    const { values } = parseArgs({ args: [...argv], options });
    const { version, url, out = join(root, "dist/krew") } = values;
    if (version === undefined || url === undefined) throw new Error("--version and --url are needed");
    // What is wrong with them is told before anything is built.
    buildKrewManifest({ version, url, sha256: "" });
    await buildPlugin(folder);
    const archive = packPlugin(folder);
    const sha256 = createHash("sha256").update(archive).digest("hex");
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, ARCHIVE), archive);
    writeFileSync(join(out, "stash.yaml"), stringify(buildKrewManifest({ version, url, sha256 })));
    process.stdout.write(`${join(out, ARCHIVE)}\n${join(out, "stash.yaml")}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${USAGE}`);
    return 2;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exitCode = await runKrew(process.argv.slice(2));

/**
 * `npm run release -- --image NAME:VERSION [--push]`: builds the image by docker's buildx, for both platforms, on the base that the
 * Dockerfile's tag names now, held to its digest, and with provenance and a list of contents.
 *
 * `npm run release -- --image NAME:VERSION --files FOLDER`: makes everything else that a release has, without docker.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../shared/errors.ts";
import { parseJson, textAt } from "../shared/json/value.ts";
import { buildReleaseFiles } from "./release/files.ts";
import { checkVersion, parseImageName } from "./release/version.ts";

const USAGE = `usage: npm run release -- --image NAME:VERSION [--push]
       npm run release -- --image NAME:VERSION --files FOLDER [--url URL]

  --image  what the image is called; its version must be given, and none of "latest"
  --push   sends it to its registry
  --files  makes all files of the release in a new or empty folder, and no image
  --url    where those files will lie; adds the manifest for krew
`;
const PLATFORMS = "linux/amd64,linux/arm64";
const NEEDS_DOCKER = "The image needs docker with its plugin buildx and a daemon; --files makes all else without it.";
/** Told after the files, so that nobody takes them for all of a release. */
const NOT_RUN = `not run here: the image, which image.sh builds and pushes for ${PLATFORMS} with docker's buildx
not run anywhere yet: that build, arm64, and .github/workflows/release.yml; docs/release.md says what was
`;
const root = resolve(import.meta.dirname, "..");

/** The base that the Dockerfile names. @throws Error when it names none */
export function readBase(dockerfile: string): string {
  const base = /^ARG BASE=(\S+)$/m.exec(dockerfile)?.[1];
  if (base === undefined) throw new Error("the Dockerfile has no line ARG BASE=");
  return base;
}

/** The digest in what docker says of a base. @throws Error when there is none: one is found, never made up */
export function readDigest(said: string, base: string): string {
  const digest = said.trim();
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error(`docker says no digest of ${base}: ${said.slice(0, 200)}`);
  return digest;
}

/** Arguments of docker that build the image. @throws Error when its name has no version */
export function buildArguments(image: string, base: string, digest: string, push: boolean): readonly string[] {
  const version = /:([^/:]+)$/.exec(image)?.[1];
  if (version === undefined || version === "latest") throw new Error(`--image ${image} has no version`);
  return [
    ...["buildx", "build", "--platform", PLATFORMS, "--provenance=mode=max", "--sbom=true"],
    ...["--build-arg", `BASE=${base}@${digest}`, "--tag", image],
    ...(push ? ["--push"] : []),
    ".",
  ];
}

function docker(args: readonly string[], output: "pipe" | "inherit"): string {
  const run = spawnSync("docker", args, { cwd: root, encoding: "utf8", stdio: ["ignore", output, "inherit"] });
  if (run.error !== undefined) throw new Error(`docker can't be run: ${run.error.message}\n${NEEDS_DOCKER}`);
  if (run.status !== 0)
    throw new Error(`docker ${args.slice(0, 3).join(" ")} ended with ${run.status}\n${NEEDS_DOCKER}`);
  return run.stdout ?? "";
}

/** Commands that do what this program does with docker. @throws Error when the Dockerfile names no base */
export function renderImageScript(image: string, dockerfile: string): string {
  const base = readBase(dockerfile);
  const build = buildArguments(image, base, "$digest", true).map((word) => (word.includes("$") ? `"${word}"` : word));
  return `#!/bin/sh
# Builds the image of this release for ${PLATFORMS}, and pushes it. It was not run when these files were made.
# In a checkout of the version, with docker's buildx, logged in at the registry.
set -eu
digest=$(docker buildx imagetools inspect ${base} --format '{{.Manifest.Digest}}')
docker ${build.join(" ")}
`;
}

/** Time of the commit: the same source gives the same archives. */
function sourceTimeMs(): number {
  const given = process.env["SOURCE_DATE_EPOCH"];
  const asked = given ?? spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" }).stdout;
  return (Number.parseInt(asked ?? "", 10) || 0) * 1_000;
}

async function makeFiles(image: string, folder: string, url: string | undefined): Promise<void> {
  const name = parseImageName(image);
  checkVersion(name.version, textAt(parseJson(readFileSync(join(root, "package.json"), "utf8")), "version") ?? "");
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`);
  const files = await buildReleaseFiles({
    image,
    name,
    url,
    changelog: readFileSync(join(root, "CHANGELOG.md"), "utf8"),
    madeAtMs: sourceTimeMs(),
    imageScript: renderImageScript(image, readFileSync(join(root, "Dockerfile"), "utf8")),
  });
  for (const [file, content] of files) {
    writeFileSync(join(folder, file), content, { mode: file.endsWith(".sh") ? 0o755 : 0o644 });
    process.stdout.write(`${join(folder, file)}\n`);
  }
  process.stderr.write(NOT_RUN);
}

function makeImage(image: string, push: boolean): void {
  const base = readBase(readFileSync(join(root, "Dockerfile"), "utf8"));
  const said = docker(["buildx", "imagetools", "inspect", base, "--format", "{{.Manifest.Digest}}"], "pipe");
  docker(buildArguments(image, base, readDigest(said, base), push), "inherit");
}

const OPTIONS = {
  image: { type: "string" },
  push: { type: "boolean" },
  files: { type: "string" },
  url: { type: "string" },
} as const;

/** @throws Error for flags that don't go together */
function parseFlags(argv: readonly string[]) {
  const { image, push = false, files, url } = parseArgs({ args: [...argv], options: OPTIONS }).values;
  if (image === undefined) throw new Error("--image is missing");
  if (files !== undefined && push) throw new Error("--files makes no image, so there is nothing to --push");
  if (files === undefined && url !== undefined) throw new Error("--url is for --files");
  return { image, push, files, url };
}

/** Runs the command. @returns the exit code: 2 for wrong arguments, 1 when something could not be made */
export async function runRelease(argv: readonly string[]): Promise<number> {
  let flags: ReturnType<typeof parseFlags>;
  try {
    flags = parseFlags(argv);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${USAGE}`);
    return 2;
  }
  const { image, push, files, url } = flags;
  try {
    if (files === undefined) makeImage(image, push);
    else await makeFiles(image, resolve(files), url);
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = await runRelease(process.argv.slice(2));

/**
 * `npm run release -- --image NAME:VERSION [--push]`: builds the image by docker's buildx, for both platforms, on the base that the
 * Dockerfile's tag names now, held to its digest, and with provenance and a list of contents.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../shared/errors.ts";

const USAGE = `usage: npm run release -- --image NAME:VERSION [--push]

  --image  what the image is called; its version must be given, and none of "latest"
  --push   sends it to its registry
`;
const PLATFORMS = "linux/amd64,linux/arm64";
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
  if (run.error !== undefined) throw new Error(`docker can't be run: ${run.error.message}`);
  if (run.status !== 0) throw new Error(`docker ${args.slice(0, 3).join(" ")} ended with ${run.status}`);
  return run.stdout ?? "";
}

/** Runs the command. @returns the exit code: 2 for wrong arguments, 1 when the image could not be built */
export function runRelease(argv: readonly string[]): number {
  let values: { readonly image?: string | undefined; readonly push?: boolean | undefined };
  try {
    ({ values } = parseArgs({ args: [...argv], options: { image: { type: "string" }, push: { type: "boolean" } } }));
    if (values.image === undefined) throw new Error("--image is missing");
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${USAGE}`);
    return 2;
  }
  try {
    const base = readBase(readFileSync(join(root, "Dockerfile"), "utf8"));
    const said = docker(["buildx", "imagetools", "inspect", base, "--format", "{{.Manifest.Digest}}"], "pipe");
    const args = buildArguments(values.image ?? "", base, readDigest(said, base), values.push ?? false);
    docker(args, "inherit");
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = runRelease(process.argv.slice(2));

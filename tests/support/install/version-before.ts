/** An earlier version of this product, from the history of this checkout: its manifests, and its bundles as it builds them. */
import { execFile, execFileSync } from "node:child_process";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { BUNDLES_FOLDER, ENTRY_POINT, IMAGE_USER, NAMED_PROGRAM } from "../../../scripts/image-root/contents.ts";
import { messageOf } from "../../../shared/errors.ts";
import type { TestImage } from "../images/test-image.ts";

const root = resolve(import.meta.dirname, "../../..");
const run = promisify(execFile);

/**
 * The version that upgrades are tried from: before repositories were kept in order by runs of their own, before the conditions for
 * tools, before recovery points said which hosts they had. A later one is taken when docs/upgrade.md no longer promises this one.
 */
export const COMMIT_BEFORE = "cf330d774da9eea1ec2b4705bd0791f6575feb53";
export const IMAGE_BEFORE = "stash-batch/stash-batch:before";

/** The checkout may belong to another user than the one who tests it. */
const ANY_OWNER = ["-c", "safe.directory=*"];

export interface VersionBefore {
  /** The checkout of that version. */
  readonly folder: string;
  /** Its image, for a cluster that is to start it. */
  readonly image: TestImage;
  /** Its install.yaml with IMAGE_BEFORE as its image. */
  readonly installFile: string;
}

/**
 * Whether the history reaches that far back.
 *
 * @param checkout folder of a checkout
 * @throws Error that says how to get the rest
 */
export function findCommit(checkout: string, commit: string): void {
  const git = (...args: readonly string[]) =>
    execFileSync("git", [...ANY_OWNER, "-C", checkout, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  let isShallow: boolean;
  try {
    isShallow = git("rev-parse", "--is-shallow-repository") === "true";
  } catch (cause) {
    throw new Error("this folder is no git checkout; the version before is read from the history: clone it", { cause });
  }
  try {
    git("merge-base", "--is-ancestor", commit, "HEAD");
  } catch (cause) {
    const next = isShallow ? "this clone is shallow: run git fetch --unshallow" : "it is no ancestor of what is here";
    throw new Error(`the history has no commit ${commit.slice(0, 12)}; ${next}`, { cause });
  }
}

/** Why there is no version before; undefined where there is one. */
export function whyNoVersionBefore(): string | undefined {
  try {
    findCommit(root, COMMIT_BEFORE);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Builds that version with the packages of this checkout.
 *
 * @param folder must not exist yet
 */
export async function buildVersionBefore(folder: string): Promise<VersionBefore> {
  findCommit(root, COMMIT_BEFORE);
  await mkdir(folder, { recursive: true });
  const tar = `${folder}.tar`;
  await run("git", [...ANY_OWNER, "-C", root, "archive", "--output", tar, COMMIT_BEFORE]);
  await run("tar", ["-xf", tar, "-C", folder]);
  await rm(tar);
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await run(process.execPath, [join(folder, "scripts/build.ts")], { cwd: folder });
  const installFile = join(folder, "install-before.yaml");
  const manifests = await readFile(join(folder, "manifests/install.yaml"), "utf8");
  await writeFile(installFile, manifests.replaceAll(/stash-batch\.invalid\/stash-batch:\S+/g, IMAGE_BEFORE));
  return {
    folder,
    installFile,
    image: {
      base: "product",
      command: ENTRY_POINT,
      user: `${IMAGE_USER}:${IMAGE_USER}`,
      files: {
        [BUNDLES_FOLDER]: join(folder, "dist"),
        [NAMED_PROGRAM]: join(folder, "scripts/image-root/stash-batch"),
      },
    },
  };
}

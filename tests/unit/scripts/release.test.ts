/** The command as it is typed, with a program in docker's place that notes what it is asked. */
import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const SCRIPT = join(import.meta.dirname, "../../../scripts/release.ts");
const DIGEST = `sha256:${"ab".repeat(32)}`;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stash-batch-release-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** @param says what docker says of the base */
async function release(says: string, ...args: readonly string[]) {
  const log = join(folder, "asked");
  await writeFile(log, "");
  await writeFile(
    join(folder, "docker"),
    `#!/bin/sh\necho "$*" >> ${log}\n[ "$2" = build ] || printf '%s\\n' '${says}'\n`,
  );
  await chmod(join(folder, "docker"), 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env["PATH"] ?? ""}` };
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: "utf8", env });
  return { status, stderr, asked: (await readFile(log, "utf8")).trim().split("\n") };
}

test("S13: the image is built on the base that was found, held to its digest, with provenance and contents", async () => {
  const { status, asked } = await release(DIGEST, "--image", "registry.test/stash-batch:1.2.3", "--push");
  expect(status).toBe(0);
  expect(asked[0]).toBe("buildx imagetools inspect node:24-trixie-slim --format {{.Manifest.Digest}}");
  expect(asked[1]).toContain(
    `--build-arg BASE=node:24-trixie-slim@${DIGEST} --tag registry.test/stash-batch:1.2.3 --push .`,
  );
  expect(asked[1]).toContain("--provenance=mode=max --sbom=true");
});

test("S13: without a digest nothing is built", async () => {
  for (const says of ["", "sha256:abc", "no such image", `${DIGEST}0`]) {
    const { status, stderr, asked } = await release(says, "--image", "registry.test/stash-batch:1.2.3");
    expect([says, status, asked.length]).toEqual([says, 1, 1]);
    expect(stderr).toContain("says no digest");
  }
});

test("an image without a version is not built", async () => {
  for (const image of ["registry.test/stash-batch", "registry.test:5000/stash-batch", "x:latest"]) {
    const { status, asked } = await release(DIGEST, "--image", image);
    expect([image, status, asked.length]).toEqual([image, 1, 1]);
  }
  expect((await release(DIGEST)).status).toBe(2);
});

test("every stage of the Dockerfile starts from that base", async () => {
  const dockerfile = await readFile(join(import.meta.dirname, "../../../Dockerfile"), "utf8");
  const stages = dockerfile.match(/^FROM .*$/gm);
  expect(stages).toEqual(["FROM ${BASE} AS bundles", "FROM ${BASE}"]);
});

test("without docker it says what the image needs, and what can be made all the same", () => {
  const env = { PATH: "/nowhere", HOME: folder };
  const args = [SCRIPT, "--image", "registry.test/stash-batch:1.2.3", "--push"];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env });
  expect(status).toBe(1);
  expect(stderr).toContain("docker can't be run");
  expect(stderr).toContain("needs docker with its plugin buildx and a daemon; --files makes all else");
});

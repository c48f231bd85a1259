import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parse } from "yaml";
import { buildKrewManifest, runKrew } from "../../../scripts/krew.ts";

const dir = mkdtempSync(join(tmpdir(), "stash-krew-test-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("the archive is the one whose sum the manifest has, and its program runs", async () => {
  const url = "https://example.com/kubectl-stash.tar.gz";
  expect(await runKrew(["--version", "1.2.3", "--url", url, "--out", dir])).toBe(0);
  const archive = readFileSync(join(dir, "kubectl-stash.tar.gz"));
  const manifest = parse(readFileSync(join(dir, "stash.yaml"), "utf8"));
  expect(manifest).toMatchObject({ kind: "Plugin", metadata: { name: "stash" }, spec: { version: "v1.2.3" } });
  const [platform] = manifest.spec.platforms;
  expect(platform).toMatchObject({ uri: url, sha256: createHash("sha256").update(archive).digest("hex") });
  execFileSync("tar", ["-xzf", "-", "-C", dir], { input: archive });
  for (const { from } of platform.files) expect(readFileSync(join(dir, from)).length).toBeGreaterThan(0);
  expect(execFileSync(process.execPath, [join(dir, platform.bin), "--help"], { encoding: "utf8" })).toContain("status");
});

test.each([
  [{ version: "latest", url: "https://x" }, /is no version/],
  [{ version: "1.2.3", url: "http://x" }, /is no https address/],
])("%j is refused", (release, words) => {
  expect(() => buildKrewManifest({ ...release, sha256: "" })).toThrow(words);
});

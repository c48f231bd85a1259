/** What `npm run release -- --files` makes, as somebody who downloads it finds it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { buildContentsList } from "../../../scripts/release/contents-list.ts";
import { checkVersion, notesOf, parseImageName } from "../../../scripts/release/version.ts";

const root = resolve(import.meta.dirname, "../../..");
const SCRIPT = join(root, "scripts/release.ts");
const PROJECT_VERSION = String(parse(readFileSync(join(root, "package.json"), "utf8")).version);
const VERSION = `${PROJECT_VERSION}-rc.1`;
const IMAGE = `registry.example.com:5000/team/stash-batch:${VERSION}`;
const URL_OF_FILES = "https://downloads.example.com/files";

let dir: string;
let out: string;
let said: string;

function release(folder: string, ...more: readonly string[]) {
  // No docker: a call of it fails.
  const env = { HOME: dir, PATH: dir, SOURCE_DATE_EPOCH: "1714435200" };
  const args = [SCRIPT, "--files", folder, ...more];
  return spawnSync(process.execPath, args, { encoding: "utf8", env });
}

const read = (file: string) => readFileSync(join(out, file), "utf8");

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "stash-release-files-"));
  out = join(dir, "out");
  const { status, stdout, stderr } = release(out, "--image", IMAGE, "--url", URL_OF_FILES);
  said = `${stdout}${stderr}`;
  if (status !== 0) throw new Error(said);
}, 120_000);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("all files are there, each told, and each with its sum", () => {
  const files = readdirSync(out);
  expect(files.toSorted()).toEqual(
    [
      "SHA256SUMS",
      "contents.cdx.json",
      "crds.yaml",
      "image.sh",
      "install.yaml",
      "kubectl-stash.tar.gz",
      "notes.md",
      "stash.yaml",
      `stash-batch-${VERSION}.tgz`,
    ].toSorted(),
  );
  for (const file of files) expect(said).toContain(join(out, file));
  const checked = execFileSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: out, encoding: "utf8" });
  expect(checked.trim().split("\n")).toHaveLength(files.length - 1);
  const page = readFileSync(join(root, "docs/release.md"), "utf8");
  for (const file of files) expect(page).toContain(`\`${file.replace(VERSION, "1.2.3")}\``);
});

test("install.yaml is that of the manifests with the image named, and nothing left to do first", () => {
  const text = read("install.yaml");
  expect(text).not.toContain("stash-batch.invalid");
  expect(text.split("\n")[0]).toBe("# kubectl apply --server-side -f install.yaml");
  const ours = parseAllDocuments(text).map((document) => document.toJS());
  const unnamed = readFileSync(join(root, "manifests/install.yaml"), "utf8");
  const named = unnamed.replaceAll(/stash-batch\.invalid\/stash-batch:[^\s']+/g, IMAGE);
  expect(ours).toEqual(parseAllDocuments(named).map((document) => document.toJS()));
  const images = ours
    .filter(({ kind }) => kind === "Deployment")
    .map(({ spec }) => spec.template.spec.containers[0].image);
  expect(images).toEqual([IMAGE, IMAGE]);
});

test("crds.yaml holds the definitions of install.yaml, and nothing else", () => {
  const ofInstall = parseAllDocuments(read("install.yaml")).map((document) => document.toJS());
  const definitions = ofInstall.filter(({ kind }) => kind === "CustomResourceDefinition");
  const alone = parseAllDocuments(read("crds.yaml")).map((document) => document.toJS());
  const byName = (objects: readonly { readonly metadata: { readonly name: string } }[]) =>
    new Map(objects.map((object) => [object.metadata.name, object]));
  expect(byName(alone)).toEqual(byName(definitions));
});

test("the chart has the version of the release and names the image; all else is that of the manifests", () => {
  const chart = join(dir, "chart");
  mkdirSync(chart);
  execFileSync("tar", ["-xzf", join(out, `stash-batch-${VERSION}.tgz`), "-C", chart]);
  const made = join(chart, "stash-batch");
  const source = join(root, "manifests/chart");
  expect(parse(readFileSync(join(made, "Chart.yaml"), "utf8"))).toMatchObject({
    version: VERSION,
    appVersion: VERSION,
    annotations: { "artifacthub.io/prerelease": "true" },
  });
  const released = parse(readFileSync(join(source, "Chart.yaml"), "utf8"));
  expect(released).toMatchObject({ version: PROJECT_VERSION, annotations: { "artifacthub.io/prerelease": "false" } });
  const { image, ...rest } = parse(readFileSync(join(made, "values.yaml"), "utf8"));
  expect(image).toMatchObject({ registry: "registry.example.com:5000", repository: "team/stash-batch", tag: "" });
  const { image: _image, ...restOfSource } = parse(readFileSync(join(source, "values.yaml"), "utf8"));
  expect(rest).toEqual(restOfSource);
  const list = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== ".helmignore")
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .toSorted();
  expect(list(made)).toEqual(list(source));
  for (const file of list(made).filter((one) => one !== "Chart.yaml" && one !== "values.yaml")) {
    expect(readFileSync(join(made, file), "utf8"), file).toBe(readFileSync(join(source, file), "utf8"));
  }
});

test("the plugin runs out of its archive, and krew's manifest has the archive's sum and place", () => {
  const folder = join(dir, "plugin");
  mkdirSync(folder);
  execFileSync("tar", ["-xzf", join(out, "kubectl-stash.tar.gz"), "-C", folder]);
  const help = execFileSync(process.execPath, [join(folder, "kubectl-stash.cjs"), "--help"], { encoding: "utf8" });
  expect(help).toContain("status");
  const { spec } = parse(read("stash.yaml"));
  expect(spec.version).toBe(`v${VERSION}`);
  const sum = read("SHA256SUMS").match(/^([0-9a-f]{64}) {2}kubectl-stash\.tar\.gz$/m)?.[1];
  for (const platform of spec.platforms) {
    expect(platform).toMatchObject({ uri: `${URL_OF_FILES}/kubectl-stash.tar.gz`, sha256: sum });
  }
});

test("the list of contents names every package of the programs, with sum and licence, and no tool of development", () => {
  const { components, metadata, ...head } = JSON.parse(read("contents.cdx.json"));
  expect(head).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.5", version: 1 });
  expect(metadata.component).toMatchObject({ name: "stash-batch", version: VERSION });
  const names: readonly string[] = components.map(({ name }: { readonly name: string }) => name);
  const project = parse(readFileSync(join(root, "package.json"), "utf8"));
  const wanted = Object.entries<string>(project.dependencies).map(([name, version]) =>
    version.startsWith("npm:") ? version.slice(4).replace(/@[^@]*$/, "") : name,
  );
  for (const name of wanted) expect(names).toContain(name);
  for (const name of ["vitest", "typescript", "@biomejs/biome"]) expect(names).not.toContain(name);
  expect(new Set(components.map(({ purl }: { readonly purl: string }) => purl)).size).toBe(components.length);
  for (const component of components) {
    expect(component.purl).toMatch(/^pkg:npm\/(%40[^/]+\/)?[^/@]+@\d/);
    expect(component.hashes[0].content, component.name).toMatch(/^[0-9a-f]{128}$/);
    expect(component.licenses[0].expression, component.name).toMatch(/\w/);
  }
});

test("a package without a sum is not listed as if it were known", () => {
  const lock = { packages: { "": { name: "x" }, "node_modules/a": { version: "1.0.0", integrity: "sha1-AAAA" } } };
  expect(() => buildContentsList(lock, "1.0.0")).toThrow(/node_modules\/a has no sum/);
});

test("notes are the section of the changelog, with every file", () => {
  const notes = read("notes.md");
  expect(notes.split("\n")[0]).toBe(`# stash-batch ${VERSION}`);
  const [, unreleased = ""] = readFileSync(join(root, "CHANGELOG.md"), "utf8").split("## Unreleased\n");
  expect(notes).toContain(unreleased.split("\n## ")[0]?.trim());
  for (const file of readdirSync(out).filter((one) => one !== "notes.md" && one !== "SHA256SUMS")) {
    expect(notes).toContain(`| \`${file}\` |`);
  }
});

test("the image's commands are written down as not run, and ask for what the release asks for", async () => {
  const script = read("image.sh");
  expect(script).toContain("It was not run when these files were made.");
  const log = join(dir, "asked");
  const digest = `sha256:${"cd".repeat(32)}`;
  const bin = join(dir, "bin");
  mkdirSync(bin);
  const asks = `#!/bin/sh\necho "$*" >> "${log}"\n[ "$2" = build ] || echo ${digest}\n`;
  writeFileSync(join(bin, "docker"), asks, { mode: 0o755 });
  execFileSync("/bin/sh", [join(out, "image.sh")], { env: { PATH: `${bin}:/usr/bin:/bin` } });
  const bySh = readFileSync(log, "utf8");
  rmSync(log);
  const env = { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
  expect(spawnSync(process.execPath, [SCRIPT, "--image", IMAGE, "--push"], { env }).status).toBe(0);
  expect(bySh).toBe(readFileSync(log, "utf8"));
  expect(bySh).toContain("--platform linux/amd64,linux/arm64");
});

test("what was not run is said last, and is what docs/release.md says", () => {
  expect(said.trim().split("\n").slice(-2)).toEqual([
    expect.stringMatching(/^not run here: the image, which image\.sh builds .*linux\/amd64,linux\/arm64/),
    expect.stringMatching(/^not run anywhere yet: that build, arm64, and \.github\/workflows\/release\.yml;/),
  ]);
  const page = readFileSync(join(root, "docs/release.md"), "utf8");
  for (const part of ["building by the Dockerfile", "arm64", "the workflow file"]) {
    expect(page.split("\n").find((line) => line.startsWith(`| ${part}`))).toContain("**not run**");
  }
});

test("the same source gives the same sums", { timeout: 120_000 }, () => {
  const again = join(dir, "again");
  expect(release(again, "--image", IMAGE, "--url", URL_OF_FILES).status).toBe(0);
  expect(readFileSync(join(again, "SHA256SUMS"), "utf8")).toBe(read("SHA256SUMS"));
});

test("a folder with something in it is left alone", () => {
  const { status, stderr } = release(out, "--image", IMAGE);
  expect([status, stderr]).toEqual([1, expect.stringContaining("is not empty")]);
});

test.each([
  [["--image", IMAGE, "--push"], /nothing to --push/],
  [[], /--image is missing/],
])("%j is told as wrong", (args, words) => {
  const { status, stderr } = release(join(dir, "never"), ...args);
  expect(status).toBe(2);
  expect(stderr).toMatch(words);
});

describe("versions", () => {
  test.each([
    ["registry.example.com/a:1.2.3", { registry: "registry.example.com", repository: "a", version: "1.2.3" }],
    ["localhost/a/b:0.0.1-rc.1", { registry: "localhost", repository: "a/b", version: "0.0.1-rc.1" }],
    ["r:5000/a:1.0.0-0a", { registry: "r:5000", repository: "a", version: "1.0.0-0a" }],
  ])("%s is read", (image, name) => {
    expect(parseImageName(image)).toEqual(name);
  });

  test.each(["1", "1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3.4", "latest", "1.2.3-a_b"])(
    "%s is none",
    (version) => {
      expect(() => parseImageName(`r.example.com/a:${version}`)).toThrow(/is no version|is not REGISTRY/);
    },
  );

  test.each(["a:1.2.3", "team/a:1.2.3", "r.example.com/a", "r.example.com:5000/a"])(
    "%s is no image of ours",
    (image) => {
      expect(() => parseImageName(image)).toThrow();
    },
  );

  test("are the project's, or come before it", () => {
    for (const good of ["1.2.3", "1.2.3-rc.1"]) expect(() => checkVersion(good, "1.2.3")).not.toThrow();
    for (const bad of ["1.2.4", "1.2.30", "1.2.2-rc.1"])
      expect(() => checkVersion(bad, "1.2.3")).toThrow(/package\.json/);
  });
});

describe("notes", () => {
  const CHANGELOG = "# Changelog\n\n## Unreleased\n\n- new\n\n## 1.2.3 (2024-04-30)\n\n- old\n\n## 1.2.2\n";

  test.each([
    ["1.2.3", "- old"],
    ["1.2.3-rc.1", "- old"],
    ["1.3.0-rc.1", "- new"],
  ])("of %s are found", (version, text) => {
    expect(notesOf(CHANGELOG, version)).toBe(text);
  });

  test("of the project's version are there", () => {
    const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
    expect(notesOf(changelog, PROJECT_VERSION).split("\n- ").length).toBeGreaterThan(3);
  });

  test.each(["1.2.2", "1.2", "1.3.0"])("of %s are not made up", (version) => {
    expect(() => notesOf(CHANGELOG, version)).toThrow(/has no section/);
  });
});

describe("the workflow", () => {
  const text = readFileSync(join(root, ".github/workflows/release.yml"), "utf8");
  const workflow = parse(text);
  const { steps } = workflow.jobs.release;
  const commands: readonly string[] = steps.flatMap((step: { readonly run?: string }) => step.run ?? []);

  test("says that it has not run, and begins with a version's tag alone", () => {
    expect(text).toContain("# This file has not run anywhere yet.");
    expect(workflow.on).toEqual({ push: { tags: ["v*.*.*"] } });
  });

  test("calls only scripts and flags that exist", () => {
    const { scripts } = parse(readFileSync(join(root, "package.json"), "utf8"));
    const npm = commands.filter((command) => command.startsWith("npm "));
    expect(npm).toHaveLength(3);
    for (const command of npm) {
      const [, name = ""] = /^npm (?:run )?(\S+)/.exec(command) ?? [];
      expect(Object.keys(scripts)).toContain(name);
    }
    const usage = spawnSync(process.execPath, [SCRIPT], { encoding: "utf8" }).stderr;
    const flags = npm.filter((one) => one.includes("release")).flatMap((one) => one.match(/--[a-z]+/g) ?? []);
    for (const flag of flags) expect(usage).toContain(`  ${flag} `);
  });

  test("puts what no script of ours made into no shell: names of tags and repositories come by the environment", () => {
    for (const command of commands) expect(command).not.toContain("${{");
  });

  test("names the image by the tag without its v, in small letters", () => {
    const [step] = commands.filter((command) => command.startsWith("echo"));
    const folder = mkdtempSync(join(tmpdir(), "stash-workflow-"));
    const file = join(folder, "env");
    const env = { PATH: "/usr/bin:/bin", GITHUB_ENV: file, IMAGE: "ghcr.io/Some/Vault:v1.2.3-rc.1" };
    execFileSync("/bin/sh", ["-c", step ?? ""], { env });
    expect(readFileSync(file, "utf8")).toBe("IMAGE=ghcr.io/some/vault:1.2.3-rc.1\n");
    rmSync(folder, { recursive: true });
  });
});

/** The files of a release, all but the image: what people download. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { buildTarball, type PackedFile } from "../../cli/tarball.ts";
import { parseJson } from "../../shared/json/value.ts";
import { buildPlugin } from "../build.ts";
import { buildKrewManifest, packPlugin } from "../krew.ts";
import { UNNAMED_IMAGE } from "../manifests/installation.ts";
import { buildContentsList } from "./contents-list.ts";
import { type ImageName, isPrerelease, notesOf } from "./version.ts";

const root = resolve(import.meta.dirname, "../..");
const manifests = join(root, "manifests");
const PLUGIN_ARCHIVE = "kubectl-stash.tar.gz";
const SUMS = "SHA256SUMS";
const READABLE = 0o644;

export interface Release {
  /** Name of the image as it was given. */
  readonly image: string;
  readonly name: ImageName;
  readonly changelog: string;
  /** Of everything in the archives, so that the same source gives the same sums. */
  readonly madeAtMs: number;
  /** Where the files will lie; without it krew's manifest is left out. */
  readonly url?: string | undefined;
  /** Commands that build the image, for a machine with docker. */
  readonly imageScript: string;
}

/** Builds the files, by name. @throws Error when one can't be made */
export async function buildReleaseFiles(release: Release): Promise<ReadonlyMap<string, string | Buffer>> {
  const { image, name, madeAtMs, url } = release;
  const { version } = name;
  // What can be wrong with the words is told before anything is built.
  const notes = notesOf(release.changelog, version);
  const plugin = await packBuiltPlugin();
  const lock = parseJson(readFileSync(join(root, "package-lock.json"), "utf8"));
  const files = new Map<string, string | Buffer>([
    [`stash-batch-${version}.tgz`, packChart(name, madeAtMs)],
    ["install.yaml", nameImage(readFileSync(join(manifests, "install.yaml"), "utf8"), image)],
    ["crds.yaml", joinDefinitions()],
    [PLUGIN_ARCHIVE, plugin],
    ["contents.cdx.json", `${JSON.stringify(buildContentsList(lock, version), undefined, 2)}\n`],
    ["image.sh", release.imageScript],
  ]);
  if (url !== undefined) {
    const sha256 = sumOf(plugin);
    files.set("stash.yaml", stringify(buildKrewManifest({ version, url: `${url}/${PLUGIN_ARCHIVE}`, sha256 })));
  }
  files.set("notes.md", renderNotes(notes, release, [...files.keys()]));
  const sums = [...files].map(([file, content]) => `${sumOf(content)}  ${file}\n`);
  return files.set(SUMS, sums.toSorted((a, b) => (a.slice(64) < b.slice(64) ? -1 : 1)).join(""));
}

function sumOf(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

async function packBuiltPlugin(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "stash-release-"));
  try {
    await buildPlugin(folder);
    return packPlugin(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The chart as helm packs it: its image named, its version that of the release. */
function packChart({ registry, repository, version }: ImageName, madeAtMs: number): Buffer {
  const folder = join(manifests, "chart");
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== ".helmignore")
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    // Helm looks for this one first.
    .toSorted((a, b) => Number(b === "Chart.yaml") - Number(a === "Chart.yaml") || (a < b ? -1 : 1));
  const packed = paths.map((path): PackedFile => {
    const text = readFileSync(join(folder, path), "utf8");
    const data =
      path === "Chart.yaml"
        ? versionInChart(text, version)
        : path === "values.yaml"
          ? nameInValues(text, registry, repository)
          : text;
    return { path: `stash-batch/${path}`, data, mode: READABLE };
  });
  return buildTarball(packed, madeAtMs);
}

function versionInChart(chart: string, version: string): string {
  const versioned = replaced(chart, /^version: .*$/m, `version: ${version}`);
  const ofApplication = replaced(versioned, /^appVersion: .*$/m, `appVersion: ${version}`);
  const prerelease = /^ {2}artifacthub.io\/prerelease: .*$/m;
  return replaced(ofApplication, prerelease, `  artifacthub.io/prerelease: "${isPrerelease(version)}"`);
}

function nameInValues(values: string, registry: string, repository: string): string {
  const named = replaced(
    values,
    /^ {2}# .*\n {2}registry: ""$/m,
    `  # Registry of the image.\n  registry: ${registry}`,
  );
  return replaced(named, /^ {2}repository: stash-batch$/m, `  repository: ${repository}`);
}

/** @throws Error when the text has no such place, which would leave it as it is without a word */
function replaced(text: string, place: RegExp, by: string): string {
  if (!place.test(text)) throw new Error(`the chart has no line ${place.source}`);
  return text.replace(place, by);
}

function nameImage(installation: string, image: string): string {
  const body = installation.slice(installation.search(/^[^#]/m)).replaceAll(UNNAMED_IMAGE, image);
  if (!body.includes(image)) throw new Error("install.yaml has no place for the image");
  return `# kubectl apply --server-side -f install.yaml\n${body}`;
}

function joinDefinitions(): string {
  const folder = join(manifests, "crds");
  const files = readdirSync(folder)
    .filter((file) => file.includes(".appscode.com"))
    .toSorted();
  return files.map((file) => readFileSync(join(folder, file), "utf8")).join("---\n");
}

const MEANINGS: Readonly<Record<string, string>> = {
  "install.yaml": "the installation: `kubectl apply --server-side -f install.yaml`",
  "crds.yaml": "the definitions alone",
  [PLUGIN_ARCHIVE]: "`kubectl stash` in one file, for Node 20 and later on any platform",
  "stash.yaml": "for krew: `kubectl krew install --manifest=stash.yaml`",
  "contents.cdx.json": "what the programs are made of (CycloneDX); the image brings its own list",
  "image.sh": "the commands that build the image for amd64 and arm64",
};

function renderNotes(notes: string, { image, name }: Release, files: readonly string[]): string {
  const meaningOf = (file: string) => MEANINGS[file] ?? `the Helm chart: \`helm install stash-batch ${file}\``;
  return [
    `# stash-batch ${name.version}\n`,
    `${notes}\n`,
    `## Files\n`,
    `| file | what it is |\n|---|---|\n${files.map((file) => `| \`${file}\` | ${meaningOf(file)} |`).join("\n")}\n`,
    `Image: \`${image}\`. Sums: \`sha256sum --check ${SUMS}\`.\n`,
  ].join("\n");
}

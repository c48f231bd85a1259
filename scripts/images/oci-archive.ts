/** Container images without a registry or a builder: archives in the OCI layout, which every runtime can import. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** An uncompressed tar file. */
export interface Layer {
  readonly path: string;
  /** `sha256:HEX` of the file. */
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface OciImage {
  /** Whole reference, with registry and tag, as a runtime stores it. */
  readonly reference: string;
  /** Lowest first. */
  readonly layers: readonly Layer[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `UID`, `UID:GID` or a name of the image; root by default. */
  readonly user?: string;
  readonly workingDir?: string;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Go's names of architectures, by node's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Writes an archive of images.
 *
 * @param path file to write
 * @param present digests of layers that the importing runtime has already; they are left out
 * @throws Error when the disk is full or tar fails
 */
export async function writeOciArchive(
  path: string,
  images: readonly OciImage[],
  present: ReadonlySet<string> = new Set(),
): Promise<void> {
  // Beside the archive, so that layers can be linked instead of copied.
  const layout = await mkdtemp(`${path}.layout-`);
  try {
    const blobs = join(layout, "blobs", "sha256");
    await mkdir(blobs, { recursive: true });
    const manifests: Descriptor[] = [];
    for (const image of images) {
      const config = await writeBlob(blobs, "application/vnd.oci.image.config.v1+json", configOf(image));
      const layers = image.layers.map(({ digest, sizeBytes }) => {
        return { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: sizeBytes };
      });
      const mediaType = "application/vnd.oci.image.manifest.v1+json";
      const manifest = await writeBlob(blobs, mediaType, { schemaVersion: 2, mediaType, config, layers });
      manifests.push({ ...manifest, annotations: { "io.containerd.image.name": image.reference } });
      for (const layer of image.layers) if (!present.has(layer.digest)) await placeLayer(layer, blobs);
    }
    await writeFile(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    await writeFile(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    await run("tar", ["-C", layout, "-cf", path, "oci-layout", "index.json", "blobs"]);
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}

function configOf(image: OciImage): object {
  const { layers, entrypoint, command, env = {}, user, workingDir } = image;
  return {
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: "linux",
    config: {
      Env: Object.entries({ PATH, ...env }).map(([name, value]) => `${name}=${value}`),
      ...(entrypoint !== undefined && { Entrypoint: entrypoint }),
      ...(command !== undefined && { Cmd: command }),
      ...(user !== undefined && { User: user }),
      ...(workingDir !== undefined && { WorkingDir: workingDir }),
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  };
}

async function writeBlob(blobs: string, mediaType: string, content: object): Promise<Descriptor> {
  const text = JSON.stringify(content);
  const hex = createHash("sha256").update(text).digest("hex");
  await writeFile(join(blobs, hex), text);
  return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
}

async function placeLayer({ path, digest }: Layer, blobs: string): Promise<void> {
  const target = join(blobs, digest.replace("sha256:", ""));
  await link(path, target).catch(async (error: unknown) => {
    // Two images may share the layer; a file system of its own can't be linked to.
    if (!String(error).includes("EEXIST")) await run("cp", [path, target]);
  });
}

/**
 * Packs a folder as a layer.
 *
 * @param folder its files keep owners and modes; times are set to zero, so that equal folders make equal layers
 * @param path the tar file to write
 */
export async function packLayer(folder: string, path: string): Promise<Layer> {
  const flags = ["--numeric-owner", "--sort=name", "--mtime=@0", "--format=posix"];
  const stable = "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime";
  await run("tar", [...flags, stable, "-C", folder, "-cf", path, "."]);
  return describeLayer(path);
}

/** @param path an uncompressed tar file */
export async function describeLayer(path: string): Promise<Layer> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk);
  return { path, digest: `sha256:${hash.digest("hex")}`, sizeBytes: (await stat(path)).size };
}

/** Images of tests and of the demo: a table from names to what a container of that image starts and finds. */
import { copyFile, cp, mkdir, mkdtemp, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Layer, type OciImage, packLayer } from "../../../scripts/images/oci-archive.ts";

export interface TestImage {
  /** What its files lie on: Debian with servers and tools (default), or what the product's image is made of, with node. */
  readonly base?: "programs" | "product";
  /** Entry point, used when the container gives no command. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  /** Files and folders of this machine that are part of the image, by their path in it. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface TestImages {
  readonly [name: string]: TestImage;
}

export interface BaseLayers {
  readonly programs: Layer;
  readonly product: Layer;
}

/** @param work folder for the layers of files */
export async function buildTestImages(images: TestImages, bases: BaseLayers, work: string): Promise<OciImage[]> {
  const built: OciImage[] = [];
  for (const [name, { base = "programs", command, env, user, files }] of Object.entries(images)) {
    const own = files === undefined ? [] : [await packFiles(files, work)];
    built.push({
      reference: wholeReference(name),
      layers: [bases[base], ...own],
      // An image has to start something.
      ...(command === undefined ? { command: ["sleep", "infinity"] } : { entrypoint: command }),
      ...(env !== undefined && { env }),
      ...(user !== undefined && { user }),
    });
  }
  return built;
}

async function packFiles(files: Readonly<Record<string, string>>, work: string): Promise<Layer> {
  const folder = await mkdtemp(join(work, "files-"));
  const root = join(folder, "root");
  for (const [path, source] of Object.entries(files)) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    if ((await stat(source)).isDirectory()) await cp(source, target, { recursive: true });
    else await copyFile(source, target);
  }
  return packLayer(root, join(folder, "files.tar"));
}

/** What runtimes make of a short name. */
export function wholeReference(name: string): string {
  const [first = "", ...rest] = name.split("/");
  if (rest.length === 0) return `docker.io/library/${name}`;
  return first.includes(".") || first.includes(":") || first === "localhost" ? name : `docker.io/${name}`;
}

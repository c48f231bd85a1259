/** The product's image, from what the Dockerfile puts together: a layer of Debian and node, and one of our own program. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { buildImageBase, buildImageProgram } from "../image-root/build-image-root.ts";
import {
  BASE_PACKAGES,
  ENTRY_POINT,
  HELD_VERSIONS,
  IMAGE_USER,
  INSTALLED_PACKAGES,
  SUITE,
} from "../image-root/contents.ts";
import { cachedLayer } from "./layer-cache.ts";
import { type Layer, type OciImage, packLayer } from "./oci-archive.ts";

const root = resolve(import.meta.dirname, "../..");

/** @returns the layer of Debian's packages and node; made when the lists or node's version changed */
export async function productBaseLayer(onProgress: (line: string) => void): Promise<Layer> {
  const node: unknown = JSON.parse(await readFile(join(root, "node_modules/node/package.json"), "utf8"));
  const recipe = [SUITE, BASE_PACKAGES, INSTALLED_PACKAGES, HELD_VERSIONS, Reflect.get(Object(node), "version"), 1];
  return cachedLayer("product-base", recipe, async (tarPath, work) => {
    onProgress(
      "making the layer of the product's image with restic and the clients of databases (some 30 s, once) ...",
    );
    const folder = join(work, "root");
    await buildImageBase(folder);
    await packLayer(folder, tarPath);
  });
}

/** Our own program, as it lies in the image. */
export interface ImageProgram {
  readonly folder: string;
  readonly layer: Layer;
}

/** Builds our own program from the present source. @param work folder for it and its layer */
export async function buildProgramLayer(work: string): Promise<ImageProgram> {
  const folder = join(work, "program");
  await buildImageProgram(folder);
  return { folder, layer: await packLayer(folder, join(work, "program.tar")) };
}

/** @param reference whole name, with registry and tag */
export function productImage(reference: string, base: Layer, program: Layer): OciImage {
  return { reference, layers: [base, program], entrypoint: ENTRY_POINT, user: `${IMAGE_USER}:${IMAGE_USER}` };
}

/** Everything that the nodes of a test cluster can run: the product, from the present source, and applications. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type OciImage, writeOciArchive } from "../../../scripts/images/oci-archive.ts";
import {
  buildProgramLayer,
  type ImageProgram,
  productBaseLayer,
  productImage,
} from "../../../scripts/images/product-image.ts";
import { programsLayer } from "../../../scripts/images/programs-layer.ts";
import { PAUSE_IMAGE } from "../node/configuration.ts";
import { ensureImageStore } from "../node/image-store.ts";
import { buildTestImages, type TestImages, wholeReference } from "./test-image.ts";

export interface ClusterImages {
  /** Layers that were unpacked once; see image-store.ts. */
  readonly store: string;
  /** Archive of the images, without those layers. */
  readonly archive: string;
  readonly program: ImageProgram;
}

/** Holds a pod's namespaces, and reaps what is left to it where containers share the pod's processes. */
const PAUSE: readonly string[] = ["/usr/bin/tini", "--", "sleep", "infinity"];

/**
 * Makes the images.
 *
 * @param programsDir holds containerd and ctr
 * @param productNames names of the product's image
 * @param work folder for what is made; must not exist yet
 * @param builtProgram our own program where this run has built it before
 */
export async function makeClusterImages(
  programsDir: string,
  productNames: readonly string[],
  images: TestImages,
  work: string,
  onProgress: (line: string) => void,
  builtProgram?: ImageProgram,
): Promise<ClusterImages> {
  await mkdir(work, { recursive: true });
  // One after the other: each wants both cores and the disk.
  const bases = { programs: await programsLayer(onProgress), product: await productBaseLayer(onProgress) };
  const kept: OciImage[] = [
    { reference: PAUSE_IMAGE, layers: [bases.programs], entrypoint: PAUSE, user: "65535:65535" },
    { reference: "stash-batch.invalid/product-base:1", layers: [bases.product] },
  ];
  const store = await ensureImageStore(programsDir, kept, onProgress);
  const archive = join(work, "images.tar");
  const [firstName = "", ...otherNames] = productNames.map(wholeReference);
  const program = builtProgram ?? (await buildProgramLayer(work));
  const product = productImage(firstName, bases.product, program.layer);
  const present = new Set(kept.flatMap(({ layers }) => layers.map(({ digest }) => digest)));
  await writeOciArchive(
    archive,
    [
      product,
      ...otherNames.map((reference) => ({ ...product, reference })),
      ...(await buildTestImages(images, bases, work)),
    ],
    present,
  );
  return { store, archive, program };
}

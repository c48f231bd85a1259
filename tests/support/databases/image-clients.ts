/** The database programs of the product's image, to be used on this machine, whose own are of other versions. Needs root. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { productBaseLayer } from "../../../scripts/images/product-image.ts";
import { runTool } from "./server.ts";

const PROGRAMS = ["pg_dump", "pg_dumpall", "psql", "mariadb", "mariadb-dump", "mysql", "mysqldump"];

/**
 * Unpacks the image's files and writes a program for each of its clients.
 *
 * @param dir folder that must not exist yet
 * @param shared folder whose files the clients find under the same path
 * @returns folder of the programs, for PATH
 */
export async function installImageClients(dir: string, shared: string): Promise<string> {
  const layer = await productBaseLayer(() => undefined);
  const root = join(dir, "root");
  const programs = join(dir, "programs");
  await mkdir(root, { recursive: true });
  await mkdir(programs);
  await runTool(["tar", "--extract", "--file", layer.path, "-C", root]);
  // Where programs throw away what they don't need.
  await writeFile(join(root, "dev/null"), "");
  for (const program of PROGRAMS) {
    const path = join(programs, program);
    const script = [
      "#!/bin/sh -e",
      `rm -rf '${root}${shared}' && mkdir -p '${root}${shared}' && cp -pr '${shared}/.' '${root}${shared}'`,
      `PATH=/usr/bin:/bin exec /usr/sbin/chroot '${root}' /usr/bin/${program} "$@"`,
    ];
    await writeFile(path, `${script.join("\n")}\n`);
    await chmod(path, 0o755);
  }
  return programs;
}

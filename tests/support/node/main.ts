/**
 * The process node as a program of its own.
 *
 *     node tests/support/node/main.ts --kubeconfig FILE --images TABLE.json [--name NAME]... [--dir FOLDER]
 *         [--kubelet-ca-cert FILE --kubelet-ca-key FILE] [--network namespaces|shared] [--most-grace-seconds N]
 *
 * Several names make several nodes in one network. Prints one line of JSON when all are Ready, and runs until SIGTERM,
 * SIGINT, or the end of its standard input when that is a pipe.
 */
import { fstatSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseImageTable } from "./image-table.ts";
import { startProcessNode } from "./process-node.ts";

const { values } = parseArgs({
  options: {
    kubeconfig: { type: "string" },
    images: { type: "string" },
    name: { type: "string", multiple: true, default: ["process-node"] },
    dir: { type: "string" },
    "kubelet-ca-cert": { type: "string" },
    "kubelet-ca-key": { type: "string" },
    network: { type: "string" },
    "most-grace-seconds": { type: "string" },
  },
});

const { kubeconfig, images, dir, network, "kubelet-ca-cert": certPath, "kubelet-ca-key": keyPath } = values;
if (kubeconfig === undefined || images === undefined) {
  process.stderr.write("--kubeconfig and --images are needed\n");
  process.exit(2);
}
if (network !== undefined && network !== "namespaces" && network !== "shared") {
  process.stderr.write("--network is namespaces or shared\n");
  process.exit(2);
}
const mostGrace = values["most-grace-seconds"];
const table = parseImageTable(JSON.parse(await readFile(images, "utf8")));
const nodes = await Promise.all(
  values.name.map((name, index) =>
    startProcessNode({
      kubeconfigPath: kubeconfig,
      name,
      images: table,
      provisioner: index === 0,
      ...(dir === undefined ? {} : { dir: join(dir, name) }),
      ...(network === undefined ? {} : { network }),
      ...(certPath === undefined || keyPath === undefined ? {} : { kubeletCa: { certPath, keyPath } }),
      ...(mostGrace === undefined ? {} : { mostGraceSeconds: Number(mostGrace) }),
    }),
  ),
);
process.stdout.write(`${JSON.stringify({ nodes: nodes.map(({ name, address }) => ({ name, address })) })}\n`);

let isStopping = false;
const stop = async (): Promise<void> => {
  if (isStopping) return;
  isStopping = true;
  await Promise.all(nodes.map((node) => node.stop()));
  process.exit(0);
};
process.on("SIGTERM", () => void stop());
process.on("SIGINT", () => void stop());
const input = fstatSync(0);
if (input.isFIFO() || input.isSocket()) {
  process.stdin.on("end", () => void stop());
  process.stdin.resume();
}

/**
 * Child of bench/admission.ts: the least that a webhook can be. It gives every workload the same patch, as text, so that what it
 * costs is what the API server takes for any webhook that injects. argv: kubeconfig (unused), folder with certificate and the
 * patch in base64.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { textAt } from "../shared/json/value.ts";

const [, folder = ""] = process.argv.slice(2);
const read = (name: string) => readFileSync(join(folder, name), "utf8");

const patch = read("patch");
const server = createServer({ cert: read("tls.crt"), key: read("tls.key") }, (request, reply) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const review: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const response = { uid: textAt(review, "request", "uid"), allowed: true, patchType: "JSONPatch", patch };
    const apiVersion = textAt(review, "apiVersion");
    reply.setHeader("content-type", "application/json");
    reply.end(JSON.stringify({ apiVersion, kind: "AdmissionReview", response }));
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" && address !== null ? address.port : 0 });
});
process.on("disconnect", () => process.exit(0));

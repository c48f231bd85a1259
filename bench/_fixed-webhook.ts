/**
 * Child of bench/admission.ts: the least that a webhook can be. It gives every workload the same patch, built once, so that
 * what it costs is what the API server takes for any webhook that injects. argv: kubeconfig (unused), folder with certificate.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { textAt } from "../shared/kube/json-value.ts";
import { createGather } from "../webhook/gather.ts";
import { mutate } from "../webhook/mutate.ts";
import { parseReview } from "../webhook/review.ts";
import { aBenchWorkload, aReview, createBenchWorld, SETTINGS } from "./_webhook-world.ts";

const [, folder = ""] = process.argv.slice(2);
const read = (name: string) => readFileSync(join(folder, name), "utf8");

/** What the real webhook answers to a workload of the same shape, with places that fit any workload. */
function buildFixedPatch(): string {
  const review = parseReview(aReview(aBenchWorkload("app-1")));
  if ("fault" in review) throw new Error(review.fault);
  const gather = createGather({ world: createBenchWorld(), settings: SETTINGS, isSynced: () => true });
  const operations = mutate(review.request, gather).answer.patch ?? [];
  const anywhere = operations.map((operation) => ({ ...operation, path: operation.path.replace(/\/\d+$/, "/-") }));
  return Buffer.from(JSON.stringify(anywhere)).toString("base64");
}

const patch = buildFixedPatch();
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

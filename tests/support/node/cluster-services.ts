/**
 * A program: what a cluster has besides its nodes. Answers the names of Services, as CoreDNS does, and makes volumes for
 * claims, as a storage driver does. Runs until it is ended.
 *
 * usage: node cluster-services.ts KUBECONFIG ADDRESS VOLUMES   (address to answer DNS at; folder for volumes)
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, RECURSION_DESIRED } from "dns-packet";
import { createKubeClient } from "../../../shared/kube/client/http.ts";
import { findConnection } from "../../../shared/kube/connection/find.ts";
import { createStorageClass, startProvisioner } from "./provisioner.ts";
import { resolveServiceName } from "./service-names.ts";

const DNS_PORT = 53;
const TTL_SECONDS = 1;
const NO_SUCH_NAME = 3;
const SERVER_FAILURE = 2;

const [kubeconfigPath, address, volumes] = process.argv.slice(2);
if (kubeconfigPath === undefined || address === undefined || volumes === undefined) {
  throw new Error("usage: cluster-services.ts KUBECONFIG ADDRESS VOLUMES");
}
const client = createKubeClient({ connection: await findConnection({ env: {}, kubeconfigPath }), program: "tests" });

async function answer(question: Packet): Promise<Packet> {
  const [asked] = question.questions ?? [];
  const respond = (code: number, answers: Answer[] = []): Packet => ({
    type: "response",
    id: question.id ?? 0,
    // The library keeps the code of an answer in the low bits of its flags.
    flags: AUTHORITATIVE_ANSWER | ((question.flags ?? 0) & RECURSION_DESIRED) | code,
    questions: question.questions ?? [],
    answers,
  });
  if (asked === undefined) return respond(SERVER_FAILURE);
  try {
    const found = await resolveServiceName(client, asked.name);
    if (found === undefined) return respond(NO_SUCH_NAME);
    if (asked.type !== "A") return respond(0);
    return respond(
      0,
      found.map((data) => ({ type: "A", name: asked.name, ttl: TTL_SECONDS, data })),
    );
  } catch (error) {
    console.error(String(error));
    return respond(SERVER_FAILURE);
  }
}

const socket = createSocket("udp4");
socket.on("message", (message, sender) => {
  void answer(decode(message)).then((packet) => socket.send(encode(packet), sender.port, sender.address));
});
socket.bind(DNS_PORT, address);

const LENGTH_BYTES = 2;
createServer((connection) => {
  let received = Buffer.alloc(0);
  connection.on("error", () => connection.destroy());
  connection.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + received.readUInt16BE();
      if (received.length < end) return;
      const message = received.subarray(LENGTH_BYTES, end);
      received = received.subarray(end);
      void answer(decode(message)).then((packet) => {
        const body = encode(packet);
        const length = Buffer.alloc(LENGTH_BYTES);
        length.writeUInt16BE(body.length);
        connection.write(Buffer.concat([length, body]));
      });
    }
  });
}).listen(DNS_PORT, address);

await createStorageClass(client);
startProvisioner(client, volumes, (error) => console.error(String(error)));

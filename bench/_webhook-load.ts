/**
 * Child of bench/webhook.ts: sends reviews over keep-alive TLS connections and counts the answers. It speaks HTTP/1.1 by
 * hand, so that it takes as little of the machine as it can. Each message { port, seconds } is answered by { count }. argv:
 * `mixed`, or the one kind of review to send.
 */
import { connect, type TLSSocket } from "node:tls";
import { aBenchWorkload, anInjectedWorkload, aReview } from "./_webhook-world.ts";

const CONNECTIONS = 8;
const HEADER_END = Buffer.from("\r\n\r\n");

const KINDS = {
  inject: (index: number) => aReview(aBenchWorkload(`app-${index}`)),
  upToDate: (index: number) => {
    const injected = anInjectedWorkload(`app-${index}`);
    return aReview(injected, injected);
  },
  skip: (index: number) => aReview(aBenchWorkload(`other-${index}`)),
};

/** Of ten reviews of a busy cluster one creates a workload that is injected, two are up to date, seven concern nobody. */
function kindOf(index: number): keyof typeof KINDS {
  const only = process.argv[2];
  if (only === "inject" || only === "upToDate" || only === "skip") return only;
  const turn = index % 10;
  return turn === 0 ? "inject" : turn > 2 ? "skip" : "upToDate";
}

const requests = Array.from({ length: 60 }, (_, index) => {
  const body = KINDS[kindOf(index)](index);
  const head = `POST /mutate HTTP/1.1\r\nhost: webhook\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.from(head + body);
});

interface Order {
  readonly port: number;
  readonly seconds: number;
}

async function run({ port, seconds }: Order): Promise<number> {
  const until = performance.now() + seconds * 1_000;
  const counts = await Promise.all(Array.from({ length: CONNECTIONS }, (_, at) => drive(port, until, at * 7)));
  return counts.reduce((sum, count) => sum + count, 0);
}

function drive(port: number, until: number, first: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
    let count = 0;
    let pending: Buffer = Buffer.alloc(0);
    const send = () => {
      const request = requests[(first + count) % requests.length];
      if (request !== undefined) socket.write(request);
    };
    socket.on("secureConnect", send);
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const head = pending.indexOf(HEADER_END);
      if (head < 0) return;
      const text = pending.toString("latin1", 0, head);
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (pending.length < head + HEADER_END.length + length) return;
      if (!text.startsWith("HTTP/1.1 200")) return reject(new Error(text));
      pending = Buffer.alloc(0);
      count++;
      if (performance.now() < until) return send();
      socket.end();
      resolve(count);
    });
  });
}

process.on("message", (order: Order) => {
  void run(order).then((count) => process.send?.({ count }));
});
process.on("disconnect", () => process.exit(0));

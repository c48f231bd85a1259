/** S8: bodies that come in at once, on a real HTTP server. */
import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { LISTENER_OPTIONS, limitConnections } from "../../../shared/listener.ts";
import { BodyIntake, BodyRefused } from "../../../webhook/body-intake.ts";
import { eventually } from "../../support/eventually.ts";
import { statusOf } from "../../support/http/hostile-requests.ts";

const LIMITS = { maxBodyBytes: 1_000_000, maxHeldBytes: 3_000_000 };

interface Started {
  readonly port: number;
  readonly intake: BodyIntake;
  /** Bodies that were read whole. */
  readonly bodies: string[];
  /** Lets answers go out. */
  release(): void;
}

const open: (Server | Socket)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) {
    if ("destroy" in one) one.destroy();
    else {
      one.closeAllConnections();
      one.close();
    }
  }
});

/** @param isHolding answers wait for `release` */
async function start({ isHolding = false } = {}): Promise<Started> {
  const intake = new BodyIntake(LIMITS);
  const bodies: string[] = [];
  const released = Promise.withResolvers<void>();
  if (!isHolding) released.resolve();
  const server = createServer(LISTENER_OPTIONS, (request, response) => {
    intake.open(request, response);
    intake.read(request, async (error, body = "") => {
      if (error === null) {
        bodies.push(body);
        await released.promise;
      }
      response.writeHead(error instanceof BodyRefused ? error.statusCode : 200, { connection: "close" }).end();
    });
  });
  open.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    intake,
    bodies,
    release: released.resolve,
  };
}

function send(
  port: number,
  length: number,
  body: string,
): { readonly answer: Promise<number | undefined>; end(): void } {
  const socket = connect(port, "127.0.0.1");
  open.push(socket);
  let received = "";
  const answer = new Promise<number | undefined>((resolve) => {
    socket.on("data", (chunk) => {
      received += String(chunk);
      resolve(statusOf(received));
    });
    socket.on("close", () => resolve(statusOf(received)));
    socket.on("error", () => {});
  });
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n${body}`);
  return { answer, end: () => socket.destroy() };
}

test("a body is read whole, in whatever pieces it comes", async () => {
  const { port, bodies, intake } = await start();
  const body = `ä${"x".repeat(100_000)}ö`;
  expect(await send(port, Buffer.byteLength(body), body).answer).toBe(200);
  const socket = connect(port, "127.0.0.1");
  open.push(socket);
  socket.write("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
  for (const byte of Buffer.from("äöü"))
    socket.write(Buffer.concat([Buffer.from("1\r\n"), Buffer.of(byte), Buffer.from("\r\n")]));
  socket.write("0\r\n\r\n");
  await eventually(() => bodies.length, 2, 5_000);
  expect(bodies).toEqual([body, "äöü"]);
  await eventually(() => intake.heldBytes, 0, 5_000);
});

test("a body that is too long is refused, announced or not", async () => {
  const { port } = await start();
  expect(await send(port, 2_000_000, "").answer).toBe(413);
  const socket = connect(port, "127.0.0.1");
  open.push(socket);
  const chunk = "x".repeat(100_000);
  let received = "";
  socket.on("data", (data) => {
    received += String(data);
  });
  socket.on("error", () => {});
  socket.write("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
  for (let count = 0; count < 12; count++) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  await eventually(() => statusOf(received), 413, 5_000);
});

test("bodies that never end give way to each other, and never to a short one", async () => {
  const { port, intake } = await start();
  const slow = Array.from({ length: 20 }, () => send(port, 900_000, "x".repeat(899_999)));
  const refused = await Promise.all(
    slow.slice(0, 20).map(({ answer }) => Promise.race([answer, sleep(1_500, undefined)])),
  );
  expect(refused.filter((code) => code === 429).length).toBeGreaterThanOrEqual(14);
  expect(intake.heldBytes).toBeLessThanOrEqual(LIMITS.maxHeldBytes);
  expect(await send(port, 16_000, "x".repeat(16_000)).answer).toBe(200);
  for (const { end } of slow) end();
  await eventually(() => intake.heldBytes, 0, 5_000);
});

test("bodies whose answer is under way count as well", async () => {
  const { port, intake, bodies, release } = await start({ isHolding: true });
  const first = Array.from({ length: 3 }, () => send(port, 900_000, "x".repeat(900_000)));
  await eventually(() => bodies.length, 3, 5_000);
  expect(await send(port, 900_000, "x".repeat(900_000)).answer).toBe(429);
  release();
  expect(await Promise.all(first.map(({ answer }) => answer))).toEqual([200, 200, 200]);
  await eventually(() => intake.heldBytes, 0, 5_000);
});

test("a body of single bytes takes no more than twice its length", async () => {
  const { port, intake } = await start();
  const socket = connect(port, "127.0.0.1");
  open.push(socket);
  socket.on("error", () => {});
  socket.write("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
  socket.write("1\r\nx\r\n".repeat(200_000));
  await eventually(
    () => intake.heldBytes,
    (held) => held >= 200_000,
    5_000,
  );
  expect(intake.heldBytes).toBeLessThanOrEqual(400_000);
});

test("S8: a body that comes slowly is ended when its time is over", { timeout: 20_000 }, async () => {
  const { port } = await start();
  const startedAt = performance.now();
  expect(await send(port, 100, "x").answer).toBe(408);
  expect(performance.now() - startedAt).toBeLessThan(12_500);
});

test("S8: whoever floods a server with connections ends his own alone", async () => {
  const server = createServer(LISTENER_OPTIONS, (_request, response) => response.end("ok"));
  limitConnections(server, 10);
  open.push(server);
  await new Promise<void>((done) => server.listen(0, "0.0.0.0", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const from = (localAddress: string): Socket => {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    socket.on("error", () => {});
    open.push(socket);
    return socket;
  };
  const mine = from("127.0.0.1");
  await new Promise<void>((done) => mine.once("connect", done));
  const flood = Array.from({ length: 100 }, () => from("127.0.0.2"));
  await eventually(
    () => flood.filter(({ closed }) => closed).length,
    (count) => count >= 90,
    5_000,
  );
  mine.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  const answer = await new Promise<string>((done) => mine.once("data", (data) => done(String(data))));
  expect(statusOf(answer)).toBe(200);
  const late = from("127.0.0.3");
  late.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  expect(statusOf(await new Promise<string>((done) => late.once("data", (data) => done(String(data)))))).toBe(200);
});

/** Commands in containers: no connection that falls silent is waited for, and one that somebody ends is ended. */
import { createServer as createTcpServer, type Server } from "node:net";
import { PassThrough, Writable } from "node:stream";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { execIn } from "../../../../cli/cluster/exec-in.ts";

const LIMITS = { openMs: 300, pingMs: 50, silenceMs: 300 };
const ENDED = Buffer.concat([Buffer.from([3]), Buffer.from(JSON.stringify({ status: "Success" }))]);
const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function configOf(port: number): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: "c", server: `http://127.0.0.1:${port}`, skipTLSVerify: true }, { name: "u" });
  return config;
}

const portOf = (address: ReturnType<Server["address"]>) => (typeof address === "object" ? (address?.port ?? 0) : 0);

/** @param answersPings whether it lives, as far as one can ask */
async function startServer(answersPings: boolean, onOpen: (socket: WebSocket) => void): Promise<KubeConfig> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", autoPong: answersPings });
  server.on("connection", onOpen);
  stops.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return configOf(portOf(server.address()));
}

interface Call {
  readonly stdout?: Writable;
  readonly signal?: AbortSignal;
}

function run(config: KubeConfig, { stdout = new PassThrough().resume(), signal }: Call = {}): Promise<number> {
  const choice = { pod: "p", container: "c", command: ["x"], stdout, stderr: new PassThrough().resume() };
  return execIn(config, "here", "shop", { ...choice, ...(signal && { signal }) }, LIMITS);
}

test("a connection that falls silent is given up", async () => {
  const config = await startServer(false, (socket) => socket.send(Buffer.from("\u0001some", "latin1")));
  await expect(run(config)).rejects.toMatchObject({
    code: "API_UNAVAILABLE",
    message: "the connection to shop/p fell silent before the command had ended",
  });
});

test("a command that says nothing for long is waited for while the other side lives", async () => {
  const config = await startServer(true, (socket) => {
    setTimeout(() => {
      socket.send(ENDED);
      socket.close();
    }, 3 * LIMITS.silenceMs);
  });
  expect(await run(config)).toBe(0);
});

test("who reads slowly himself blames nobody", async () => {
  const config = await startServer(true, (socket) => {
    for (let at = 0; at < 8; at++) socket.send(Buffer.alloc(65_536, 1));
    socket.send(ENDED);
    socket.close();
  });
  let bytes = 0;
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      setTimeout(done, LIMITS.silenceMs / 2);
    },
  });
  expect(await run(config, { stdout: slow })).toBe(0);
  expect(bytes).toBe(8 * 65_535);
});

test.each<readonly [string, () => Promise<KubeConfig>]>([
  ["at work", () => startServer(true, () => undefined)],
  ["being opened", () => startSilent()],
])("one that is %s ends when somebody ends it", async (_what, start) => {
  const reason = new Error("enough");
  const ending = new AbortController();
  const call = run(await start(), { signal: ending.signal });
  setTimeout(() => ending.abort(reason), 100);
  await expect(call).rejects.toBe(reason);
  await expect(run(await start(), { signal: ending.signal })).rejects.toBe(reason);
});

/** Takes connections, and says nothing. */
async function startSilent(): Promise<KubeConfig> {
  const server = createTcpServer((socket) => socket.on("error", () => undefined).unref());
  stops.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return configOf(portOf(server.address()));
}

test("a way that nobody opens is given up", async () => {
  await expect(run(await startSilent())).rejects.toMatchObject({ code: "API_UNAVAILABLE" });
});

/** Views as they change: whoever does not read costs nothing, and gets the newest when he does. */
import { get, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fastify } from "fastify";
import { afterEach, expect, test, vi } from "vitest";
import { createStreams } from "../../../../cli/ui/streams.ts";
import { eventually } from "../../../support/eventually.ts";

/** More than a connection of this machine holds for somebody who does not read. */
const LARGE = "x".repeat(16 * 1024 * 1024);

afterEach(() => void vi.useRealTimers());

test("whoever looks is told the time while nothing else is new, since his own clock may be set anew", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  let now = "2030-01-02T12:00:00.000Z";
  const streams = createStreams({
    onChange: () => () => undefined,
    onFault: (error) => expect.unreachable(String(error)),
  });
  const app = fastify({ forceCloseConnections: true });
  const view = () => ({ now, isLoading: false, notices: [], view: "the same" });
  app.get("/", (_request, reply) => void streams.open(view, {}, reply));
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  const client = get(address);
  const response = await new Promise<IncomingMessage>((resolve) => client.on("response", resolve));
  let text = "";
  response.on("data", (chunk) => {
    text += String(chunk);
  });
  await eventually(
    () => text,
    (all) => all.includes("the same"),
  );
  now = "2030-01-02T12:00:30.000Z";
  vi.advanceTimersByTime(30_000);
  await eventually(
    () => text,
    (all) => all.includes(`event: clock\ndata: ${now}\n\n`),
  );
  expect(text.match(/the same/g)).toHaveLength(1);
  client.destroy();
  streams.close();
  await app.close();
});

test("changes that nobody reads leave nothing behind, and the newest comes in the end", async () => {
  let turn = 0;
  let change: () => void = () => undefined;
  const raws: ServerResponse[] = [];
  const streams = createStreams({
    onChange: (changed) => {
      change = changed;
      return () => undefined;
    },
    onFault: (error) => expect.unreachable(String(error)),
  });
  const app = fastify({ forceCloseConnections: true });
  const view = () => ({ now: "", isLoading: false, notices: [], view: `${LARGE}${turn}!` });
  app.get("/", (_request, reply) => {
    raws.push(reply.raw);
    streams.open(view, {}, reply);
  });
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  const client = get(address);
  const response = await new Promise<IncomingMessage>((resolve) => client.on("response", resolve));
  response.pause();
  const [raw] = raws;
  if (raw === undefined) throw new Error("nobody asked");
  expect(raw.writableNeedDrain).toBe(true);
  const before = raw.listenerCount("drain");
  for (turn = 1; turn <= 4; turn++) {
    change();
    await sleep(250);
  }
  expect(raw.listenerCount("drain")).toBe(before);
  turn = 7;
  let end = "";
  response.on("data", (chunk: Buffer) => {
    end = (end + chunk.toString("latin1")).slice(-20);
  });
  response.resume();
  await eventually(
    () => end,
    (all) => all.includes("x7!"),
    20_000,
  );
  client.destroy();
  streams.close();
  await app.close();
}, 60_000);

/** The streams of an exec over one WebSocket: the first byte of every message is the number of its channel. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { PassThrough, Writable } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { ExecChannels } from "./exec-session.ts";

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
/** Newest first. The fifth can close stdin alone. */
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

const server = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
});

export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** Completes the upgrade; the callback gets the channels when the client can use them. */
export function upgradeToWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  wanted: WantedStreams,
  onChannels: (channels: ExecChannels) => void,
): void {
  server.handleUpgrade(request, socket, head, (client) => onChannels(openChannels(client, wanted)));
}

function openChannels(client: WebSocket, wanted: WantedStreams): ExecChannels {
  const closing = new AbortController();
  const stdin = new PassThrough();
  client.on("error", () => closing.abort());
  client.on("close", () => {
    closing.abort();
    stdin.end();
  });
  client.on("message", (data) => {
    const message = joinChunks(data);
    const [channel, ...rest] = [message[0], message[1]];
    if (channel === CHANNEL.stdin && !stdin.writableEnded) {
      // A command that reads slower than the client sends holds the client back.
      if (!stdin.write(message.subarray(1))) {
        client.pause();
        stdin.once("drain", () => client.resume());
      }
    } else if (channel === CHANNEL.close && rest[0] === CHANNEL.stdin) stdin.end();
  });
  return {
    ...(wanted.stdin ? { stdin } : {}),
    ...(wanted.stdout ? { stdout: openOutput(client, CHANNEL.stdout) } : {}),
    ...(wanted.stderr ? { stderr: openOutput(client, CHANNEL.stderr) } : {}),
    finish(status) {
      client.send(withChannel(CHANNEL.error, Buffer.from(JSON.stringify(status))), () => client.close(1000));
    },
    closed: closing.signal,
  };
}

function openOutput(client: WebSocket, channel: number): Writable {
  return new Writable({
    // A client that is gone is told by its close; what it would have got is dropped.
    write: (chunk: Buffer, _encoding, done) => client.send(withChannel(channel, chunk), () => done()),
  });
}

function withChannel(channel: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from([channel]), data]);
}

function joinChunks(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

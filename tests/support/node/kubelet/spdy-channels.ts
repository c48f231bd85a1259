/** The streams of an exec over SPDY/3.1, as kubectl and newer API servers carry them. */
import type { IncomingMessage } from "node:http";
import { type Duplex, PassThrough, Writable } from "node:stream";
import type { ExecChannels } from "./exec-session.ts";
import { readFrames, SpdyWriter } from "./spdy-frames.ts";
import type { WantedStreams } from "./websocket-channels.ts";

/** With it the error stream carries a status in JSON. */
const PROTOCOL = "v4.channel.k8s.io";
/** The client closes after it has read everything; one that does not is closed on. */
const CLOSE_AFTER_MS = 5_000;

/** Completes the upgrade; the callback gets the channels when the client has opened every stream. */
export function upgradeToSpdy(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  wanted: WantedStreams,
  onChannels: (channels: ExecChannels) => void,
): void {
  const offered = request.headersDistinct["x-stream-protocol-version"] ?? [];
  const isKnown = offered.flatMap((value) => value.split(",")).some((value) => value.trim() === PROTOCOL);
  if (request.headers.upgrade?.toLowerCase() !== "spdy/3.1" || !isKnown) {
    socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    return;
  }
  const lines = ["Connection: Upgrade", "Upgrade: SPDY/3.1", `X-Stream-Protocol-Version: ${PROTOCOL}`];
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
  const connection = new SpdyConnection(socket, wanted, onChannels);
  connection.run(head).catch(() => socket.destroy());
}

class SpdyConnection {
  readonly #socket: Duplex;
  readonly #onChannels: (channels: ExecChannels) => void;
  readonly #writer = new SpdyWriter();
  readonly #closing = new AbortController();
  readonly #stdin = new PassThrough();
  readonly #wanted: ReadonlySet<string>;
  /** Stream numbers by what the client opened them for. */
  readonly #streams = new Map<string, number>();

  constructor(socket: Duplex, wanted: WantedStreams, onChannels: (channels: ExecChannels) => void) {
    this.#socket = socket;
    this.#onChannels = onChannels;
    const { stdin, stdout, stderr } = wanted;
    this.#wanted = new Set([
      "error",
      ...Object.entries({ stdin, stdout, stderr }).flatMap(([name, is]) => (is ? [name] : [])),
    ]);
    socket.on("close", () => this.#closing.abort());
  }

  async run(head: Buffer): Promise<void> {
    let isOpen = false;
    try {
      for await (const frame of readFrames(this.#socket, head)) {
        if (frame.kind === "ping") this.#socket.write(this.#writer.buildPing(frame.id));
        else if (frame.kind === "open") {
          this.#streams.set(frame.headers.get("streamtype") ?? "", frame.stream);
          this.#socket.write(await this.#writer.buildReply(frame.stream));
          if (isOpen || [...this.#wanted].some((name) => !this.#streams.has(name))) continue;
          isOpen = true;
          this.#onChannels(this.#channels());
        } else if (frame.stream === this.#streams.get("stdin")) await this.#feed(frame);
      }
    } finally {
      this.#closing.abort();
      this.#stdin.end();
      this.#writer.end();
      this.#socket.end();
    }
  }

  /** A command that reads slower than the client sends holds the whole connection back. */
  async #feed(
    frame: { readonly kind: "reset" } | { readonly kind: "data"; readonly data: Buffer; readonly isLast: boolean },
  ) {
    if (this.#stdin.writableEnded) return;
    if (frame.kind === "data" && !this.#stdin.write(frame.data)) {
      const drained = new Promise((resolve) => this.#stdin.once("drain", resolve));
      const closed = new Promise((resolve) => this.#closing.signal.addEventListener("abort", resolve));
      await Promise.race([drained, closed]);
    }
    if (frame.kind === "reset" || frame.isLast) this.#stdin.end();
  }

  #channels(): ExecChannels {
    const has = (name: string): boolean => this.#wanted.has(name);
    return {
      ...(has("stdin") ? { stdin: this.#stdin } : {}),
      ...(has("stdout") ? { stdout: this.#output("stdout") } : {}),
      ...(has("stderr") ? { stderr: this.#output("stderr") } : {}),
      finish: (status) => {
        for (const name of ["stdout", "stderr"]) if (has(name)) this.#send(name, Buffer.alloc(0), true);
        this.#send("error", Buffer.from(JSON.stringify(status)), true);
        setTimeout(() => this.#socket.destroy(), CLOSE_AFTER_MS).unref();
      },
      closed: this.#closing.signal,
    };
  }

  #output(name: string): Writable {
    return new Writable({
      // A client that is gone is told by the close of its connection; what it would have got is dropped.
      write: (chunk: Buffer, _encoding, done) => this.#send(name, chunk, false, () => done()),
    });
  }

  #send(name: string, data: Buffer, isLast: boolean, done?: () => void): void {
    const stream = this.#streams.get(name);
    if (stream === undefined || this.#socket.destroyed) done?.();
    else this.#socket.write(this.#writer.buildData(stream, data, isLast), () => done?.());
  }
}

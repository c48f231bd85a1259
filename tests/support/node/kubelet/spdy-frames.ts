/** The frames of SPDY/3.1 that an exec needs: streams opened by the client, data both ways, pings. */
import type { Readable } from "node:stream";
import { createDeflate, createInflate, constants as zlib } from "node:zlib";
import { SPDY_DICTIONARY } from "./spdy-dictionary.ts";

export type SpdyFrame =
  | {
      readonly kind: "open";
      readonly stream: number;
      readonly headers: ReadonlyMap<string, string>;
      readonly isLast: boolean;
    }
  | { readonly kind: "data"; readonly stream: number; readonly data: Buffer; readonly isLast: boolean }
  | { readonly kind: "reset"; readonly stream: number }
  | { readonly kind: "ping"; readonly id: number };

const TYPE = { open: 1, reply: 2, reset: 3, ping: 6 } as const;
const FLAG_LAST = 1;
const HEADER_BYTES = 8;

/**
 * Reads frames until the connection ends. Kinds that an exec has no use for (settings, window updates, farewells) are
 * left out.
 */
export async function* readFrames(input: Readable, head: Buffer): AsyncGenerator<SpdyFrame> {
  const inflate = createInflate({ dictionary: SPDY_DICTIONARY });
  let buffered = head;
  const chunks = input[Symbol.asyncIterator]();
  try {
    for (;;) {
      while (buffered.length >= HEADER_BYTES && buffered.length >= HEADER_BYTES + buffered.readUIntBE(5, 3)) {
        const end = HEADER_BYTES + buffered.readUIntBE(5, 3);
        const frame = await parseFrame(buffered.subarray(0, end), (block) => step(inflate, block));
        buffered = buffered.subarray(end);
        if (frame !== undefined) yield frame;
      }
      const next = await chunks.next();
      if (next.done === true) return;
      buffered = Buffer.concat([buffered, next.value]);
    }
  } finally {
    inflate.destroy();
  }
}

async function parseFrame(
  frame: Buffer,
  decompress: (block: Buffer) => Promise<Buffer>,
): Promise<SpdyFrame | undefined> {
  const isLast = ((frame[4] ?? 0) & FLAG_LAST) !== 0;
  const body = frame.subarray(HEADER_BYTES);
  const isControl = ((frame[0] ?? 0) & 0x80) !== 0;
  if (!isControl) return { kind: "data", stream: frame.readUInt32BE(0), data: body, isLast };
  switch (frame.readUInt16BE(2)) {
    case TYPE.open: {
      const headers = parseHeaders(await decompress(body.subarray(10)));
      return { kind: "open", stream: body.readUInt32BE(0) & 0x7fffffff, headers, isLast };
    }
    case TYPE.reset:
      return { kind: "reset", stream: body.readUInt32BE(0) & 0x7fffffff };
    case TYPE.ping:
      return { kind: "ping", id: body.readUInt32BE(0) };
    default:
      return undefined;
  }
}

function parseHeaders(block: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 4;
  const text = (): string => {
    const length = block.readUInt32BE(at);
    const start = at + 4;
    at = start + length;
    return block.toString("utf8", start, at);
  };
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text();
    headers.set(name.toLowerCase(), text());
  }
  return headers;
}

/** Writes frames; replies share one compression, so they are built one after the other. */
export class SpdyWriter {
  readonly #deflate = createDeflate({ dictionary: SPDY_DICTIONARY });

  /** Accepts a stream, without headers of its own. */
  async buildReply(stream: number): Promise<Buffer> {
    const headers = await step(this.#deflate, Buffer.alloc(4));
    const id = Buffer.alloc(4);
    id.writeUInt32BE(stream);
    return withHeader(TYPE.reply, Buffer.concat([id, headers]));
  }

  buildPing(id: number): Buffer {
    const body = Buffer.alloc(4);
    body.writeUInt32BE(id);
    return withHeader(TYPE.ping, body);
  }

  buildData(stream: number, data: Buffer, isLast: boolean): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(stream, 0);
    header.writeUInt8(isLast ? FLAG_LAST : 0, 4);
    header.writeUIntBE(data.length, 5, 3);
    return Buffer.concat([header, data]);
  }

  end(): void {
    this.#deflate.destroy();
  }
}

function withHeader(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(0x8003, 0);
  header.writeUInt16BE(type, 2);
  header.writeUIntBE(body.length, 5, 3);
  return Buffer.concat([header, body]);
}

/** Runs one block through a compression that lives as long as the connection. */
function step(codec: ReturnType<typeof createInflate | typeof createDeflate>, block: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    codec.once("error", reject);
    const collect = (): void => {
      codec.off("error", reject);
      const output: unknown = codec.read();
      resolve(Buffer.isBuffer(output) ? output : Buffer.alloc(0));
    };
    codec.write(block, () => codec.flush(zlib.Z_SYNC_FLUSH, collect));
  });
}

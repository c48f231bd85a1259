/** What a client that means harm writes to a listener, and how an answer is had from a raw connection. */
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";

const PATHS = [
  "//",
  "///",
  "//a:99999/",
  "http://[",
  "http://[::1",
  "http://a:99999/",
  "http://%",
  "http:",
  "https://user:pass@/metrics",
  "*",
  "?",
  "#",
  "/%",
  "/%zz",
  "/%00",
  "/%c3%28",
  "/..%2f..%2fetc/passwd",
  "/../../healthz",
  "/healthz/../metrics",
  "/metrics%",
  "/mutate/%",
  "/validate?%",
  "/__proto__",
  "/constructor",
  "\\",
  "/\\\\x",
  "javascript:1",
  `/${"a".repeat(9_000)}`,
  `/${"%".repeat(3_000)}`,
  `/${"/".repeat(5_000)}`,
  `/?${"a=b&".repeat(2_000)}`,
];
const METHODS = ["GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "CONNECT", "M-SEARCH", "PROPFIND"];
const HEAD = "host: x\r\nconnection: close\r\n\r\n";

/** Whole requests as they go over the wire: request lines first, then heads and bodies. */
export const HOSTILE_REQUESTS: readonly string[] = [
  ...PATHS.flatMap((path) => METHODS.map((method) => `${method} ${path} HTTP/1.1\r\n${HEAD}`)),
  "GET / HTTP/9.9\r\n\r\n",
  "GET / HTTP/0.9\r\n\r\n",
  "GET /healthz\r\n\r\n",
  "GET  /  HTTP/1.1\r\n\r\n",
  "get / http/1.1\r\n\r\n",
  "\r\n\r\n\r\n\r\n",
  "\0\0\0\0\0\0\0\0",
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "GET / HTTP/1.1\r\n\r\n",
  "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
  "GET / HTTP/1.1\r\nhost:\r\nexpect: nonsense\r\nconnection: close\r\n\r\n",
  "GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n",
  "GET / HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\nconnection: Upgrade, HTTP2-Settings\r\nhttp2-settings: AA\r\n\r\n",
  `GET / HTTP/1.1\r\n${"a: b\r\n".repeat(5_000)}\r\n`,
  `GET / HTTP/1.1\r\nhost: x\r\na: ${"b".repeat(100_000)}\r\n\r\n`,
  "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
  "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1e9\r\n\r\n",
  "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n",
  "POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
  "POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
  "POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: %\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
  "POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
  "POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
];

export interface Listener {
  readonly port: number;
  readonly isTls: boolean;
  /** Certificate of the client, where the listener asks for one. */
  readonly client?: { readonly cert: string; readonly key: string };
}

/**
 * Writes bytes to a new connection and waits for what comes back, at most half a second: some requests only deserve to be
 * left waiting for their rest.
 */
export function exchange({ port, isTls, client }: Listener, text: string, waitMs = 500): Promise<string> {
  return new Promise((resolve) => {
    const where = { host: "127.0.0.1", port };
    let received = "";
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(received);
    };
    const write = (): void => {
      socket.write(text, "latin1");
    };
    const socket = isTls
      ? connectTls({ ...where, ...client, rejectUnauthorized: false }, write)
      : connect(where, write);
    const timer = setTimeout(end, waitMs);
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
    });
    socket.on("error", end);
    socket.on("close", end);
  });
}

/** Status of the first answer; undefined when there was none. */
export function statusOf(answer: string): number | undefined {
  const code = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
  return code === undefined ? undefined : Number(code);
}

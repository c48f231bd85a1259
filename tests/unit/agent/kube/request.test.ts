/** What a connection may answer with, byte for byte, and what the agent takes it for. */
import { createServer, type Server, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ApiIdentity } from "../../../../agent/kube/identity.ts";
import { type ApiRequest, sendRequest } from "../../../../agent/kube/request.ts";
import { issueCa, issueServing } from "../../../../certs/issue.ts";
import { UserError } from "../../../../shared/errors.ts";
import { eventually } from "../../../support/eventually.ts";

const VALIDITY = { nowMs: Date.now(), lifetimeMs: 3_600_000 };

let server: Server;
let identity: ApiIdentity;
let answer: (socket: TLSSocket) => void;
let asked: string;
const sockets = new Set<TLSSocket>();

beforeEach(async () => {
  const ca = await issueCa(VALIDITY);
  const serving = await issueServing(ca, ["localhost", "127.0.0.1"], VALIDITY);
  asked = "";
  server = createServer({ cert: serving.certPem, key: serving.keyPem }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      const isFirst = asked === "";
      asked += String(chunk);
      if (isFirst) answer(socket);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  identity = { host: "127.0.0.1", port, namespace: "demo", ca: () => ca.certPem, token: () => "secret-token" };
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

interface Seen {
  readonly status: number;
  readonly body: string;
}

async function send(more: Partial<ApiRequest> = {}): Promise<Seen> {
  let body = "";
  const request: ApiRequest = {
    method: "GET",
    path: "/apis",
    silenceLimitMs: 5_000,
    onBody: (chunk) => {
      body += chunk.toString("utf8");
    },
    ...more,
  };
  const { status } = await sendRequest(identity, request);
  return { status, body };
}

/** Sends the pieces one after the other; the connection ends with the last one, or stays open. */
const pieces =
  (texts: readonly string[], isClosed = true) =>
  (socket: TLSSocket) => {
    for (const text of texts) socket.write(text);
    if (isClosed) socket.end();
  };

const CHUNKED =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n8;ext=1\r\n, world!\r\n0\r\nTrailer: x\r\n\r\n";

describe("an answer is whole", () => {
  test.each<[string, readonly string[], boolean, Seen]>([
    [
      "with a length, before the connection ends",
      ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "lo"],
      false,
      { status: 200, body: "hello" },
    ],
    ["in chunks", [CHUNKED.slice(0, 60), CHUNKED.slice(60)], false, { status: 200, body: "hello, world!" }],
    [
      "without a length, when the connection ends",
      ["HTTP/1.0 200 OK\r\n\r\nall", " of it"],
      true,
      { status: 200, body: "all of it" },
    ],
    ["without a body", ["HTTP/1.1 204 No Content\r\n\r\n"], false, { status: 204, body: "" }],
    ["of nothing", ["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"], false, { status: 404, body: "" }],
    [
      "after an announcement",
      ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"],
      true,
      { status: 201, body: "ok" },
    ],
  ])("%s", async (_how, texts, isClosed, expected) => {
    answer = pieces(texts, isClosed);
    expect(await send()).toEqual(expected);
  });
});

describe("an answer that is none", () => {
  test.each<[string, readonly string[]]>([
    ["nothing at all", []],
    ["a head that is cut", ["HTTP/1.1 200 OK\r\nContent-"]],
    ["a body that is cut", ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"]],
    ["chunks that are cut", ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"]],
    ["another protocol", ["SSH-2.0-OpenSSH\r\n\r\n"]],
    ["a size that is no number", ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"]],
    ["a length that is no number", ["HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n"]],
    ["a head without end", [`HTTP/1.1 200 OK\r\nX: ${"y".repeat(100_000)}`]],
  ])("is %s", async (_what, texts) => {
    answer = pieces(texts);
    const error = await send().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      code: "API_UNAVAILABLE",
      message: expect.stringContaining(`127.0.0.1:${identity.port}`),
    });
    expect(String(error)).not.toContain("secret-token");
  });

  test("is silence, also in the middle of it", async () => {
    answer = pieces(["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"], false);
    await expect(send({ silenceLimitMs: 300 })).rejects.toThrow("was silent for 0.3 s");
  });

  test("is one of a server that another authority vouches for", async () => {
    const { certPem } = await issueCa(VALIDITY);
    answer = pieces([CHUNKED]);
    await expect(
      sendRequest(
        { ...identity, ca: () => certPem },
        { method: "GET", path: "/", silenceLimitMs: 5_000, onBody: () => undefined },
      ),
    ).rejects.toThrow("can't be reached");
    expect(asked).toBe("");
  });
});

test("a request says who asks, and what it brings", async () => {
  answer = pieces(["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]);
  await send({ method: "PATCH", path: "/a?b=c", body: '{"ä":1}', contentType: "application/merge-patch+json" });
  const [head = "", body] = asked.split("\r\n\r\n");
  const [line, ...headers] = head.split("\r\n");
  expect(line).toBe("PATCH /a?b=c HTTP/1.1");
  expect(headers.map((header) => header.toLowerCase())).toEqual(
    expect.arrayContaining([
      `host: 127.0.0.1:${identity.port}`,
      "authorization: bearer secret-token",
      "connection: close",
      "content-type: application/merge-patch+json",
      "content-length: 8",
    ]),
  );
  expect(body).toBe('{"ä":1}');
});

test("whoever asks may stop, and then no connection is left", async () => {
  answer = pieces(["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"], false);
  const stop = new AbortController();
  const running = send({ signal: stop.signal, onBody: () => stop.abort(new Error("enough")) });
  await expect(running).rejects.toThrow("enough");
  await eventually(() => sockets.size, 0);
  await expect(send({ signal: stop.signal })).rejects.toThrow("enough");
});

test("what a reader of the answer throws ends the request", async () => {
  answer = pieces([CHUNKED], false);
  const onBody = () => {
    throw new Error("this is no list");
  };
  await expect(send({ onBody })).rejects.toThrow("this is no list");
  await eventually(() => sockets.size, 0);
});

import { expect, test } from "vitest";
import { createResponseReader, type ResponseHead } from "../../../../agent/kube/http-response.ts";
import { UserError } from "../../../../shared/errors.ts";

interface Seen {
  head: ResponseHead | undefined;
  body: string;
  ends: number;
}

function read(chunks: readonly string[], isClosed = true): Seen {
  const seen: Seen = { head: undefined, body: "", ends: 0 };
  const reader = createResponseReader({
    onHead: (head) => {
      seen.head = head;
    },
    onBody: (chunk) => {
      seen.body += chunk.toString("utf8");
    },
    onEnd: () => {
      seen.ends++;
    },
  });
  for (const chunk of chunks) reader.feed(Buffer.from(chunk, "utf8"));
  if (isClosed) reader.end();
  return seen;
}

const CHUNKED =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n8;ext=1\r\n, world!\r\n0\r\nTrailer: x\r\n\r\n";

test("a body with a length ends when it is complete, before the connection does", () => {
  const seen = read(["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhel", "lo"], false);
  expect(seen).toMatchObject({ body: "hello", ends: 1 });
  expect(seen.head?.status).toBe(200);
  expect(seen.head?.headers.get("x-a")).toBe("b");
});

test("chunks are put together however they are cut", () => {
  for (let size = 1; size <= CHUNKED.length; size++) {
    const pieces = CHUNKED.match(new RegExp(`[\\s\\S]{1,${size}}`, "g")) ?? [];
    expect(read(pieces), `pieces of ${size}`).toMatchObject({ body: "hello, world!", ends: 1 });
  }
});

test("a body without a length goes on until the connection ends", () => {
  expect(read(["HTTP/1.0 200 OK\r\n\r\nall", " of it"])).toMatchObject({ body: "all of it", ends: 1 });
});

test("an answer without a body is complete with its head", () => {
  expect(read(["HTTP/1.1 204 No Content\r\n\r\n"], false).ends).toBe(1);
  expect(read(["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"], false).ends).toBe(1);
});

test("an announcement before the answer is skipped", () => {
  const seen = read(["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"]);
  expect(seen).toMatchObject({ head: { status: 201 }, body: "ok", ends: 1 });
});

test.each([
  ["nothing at all", [""]],
  ["a head that is cut", ["HTTP/1.1 200 OK\r\nContent-"]],
  ["a body that is cut", ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"]],
  ["chunks that are cut", ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"]],
  ["another protocol", ["SSH-2.0-OpenSSH\r\n\r\n"]],
  ["a size that is no number", ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"]],
  ["a length that is no number", ["HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n"]],
  ["a head without end", [`HTTP/1.1 200 OK\r\nX: ${"y".repeat(100_000)}`]],
])("%s is a broken answer", (_what, chunks) => {
  expect(() => read(chunks)).toThrowError(UserError);
});

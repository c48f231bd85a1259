import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { removeLock } from "../../../../agent/locks/act.ts";
import type { RepositoryAccess } from "../../../../agent/restic/backend.ts";

const ID = "ab".repeat(32);
const NOW = new Date("2026-01-01T12:00:00Z");
let close = (): void => undefined;

afterEach(() => close());

/** A store that answers as told; what it was asked is kept. */
async function startStore(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  close = () => server.close();
  const { port } = server.address() as AddressInfo;
  return { asked, port };
}

function s3Access(address: string, env: Readonly<Record<string, string>> = {}): RepositoryAccess {
  const keys = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret", RESTIC_REPOSITORY: `s3:${address}` };
  return { provider: "s3", env: { ...keys, ...env }, flags: [], localFolder: undefined, secrets: [] };
}

test("D12: a bucket of another region is asked again, signed for the region that the store names", async () => {
  const { asked, port } = await startStore((request, response) => {
    const isRight = request.headers.authorization?.includes("/eu-north-1/s3/") === true;
    if (isRight) response.writeHead(204).end();
    else response.writeHead(400, { "x-amz-bucket-region": "eu-north-1" }).end();
  });
  expect(await removeLock(s3Access(`http://127.0.0.1:${port}/bucket/prefix`), ID, NOW)).toBe(true);
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    `DELETE /bucket/prefix/locks/${ID}`,
    `DELETE /bucket/prefix/locks/${ID}`,
  ]);
});

test("D12: the store is reached through the proxy that restic uses", async () => {
  const { asked, port } = await startStore((_request, response) => response.writeHead(204).end());
  const access = s3Access("http://store.invalid/bucket", { HTTP_PROXY: `http://127.0.0.1:${port}` });
  expect(await removeLock(access, ID, NOW)).toBe(true);
  expect(asked.map(({ url }) => url)).toEqual([`http://store.invalid/bucket/locks/${ID}`]);
});

test("a refusal is told with the store's answer", async () => {
  const { port } = await startStore((_request, response) => response.writeHead(403).end());
  await expect(removeLock(s3Access(`http://127.0.0.1:${port}/bucket`), ID, NOW)).rejects.toMatchObject({
    code: "BACKEND_REFUSED",
    message: expect.stringContaining("403"),
  });
});

test.each([
  "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region></Error>",
  "<Error><Message>The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'</Message></Error>",
])("C16: a store that names the bucket's region in its text alone is asked again too", async (body) => {
  const { asked, port } = await startStore((request, response) => {
    const isRight = request.headers.authorization?.includes("/eu-central-1/s3/") === true;
    if (isRight) response.writeHead(204).end();
    else response.writeHead(400, { "content-type": "application/xml" }).end(body);
  });
  expect(await removeLock(s3Access(`http://127.0.0.1:${port}/bucket/prefix`), ID, NOW)).toBe(true);
  expect(asked).toHaveLength(2);
});

/** The real listener on loopback: who is let in, and what too much of anything does. */
import { type RequestOptions, request } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiAnswer, ApiRequest } from "../../../../webhook/snapshots/answer.ts";
import type { FrontProxy } from "../../../../webhook/snapshots/front-proxy.ts";
import { createSnapshotServer, type SnapshotServer } from "../../../../webhook/snapshots/server.ts";
import { DEFAULT_TLS_OPTIONS } from "../../../../webhook/tls-options.ts";
import {
  issueAuthority,
  issueClient,
  issueServer,
  type KeyAndCertificate,
} from "../../../support/control-plane/certificates.ts";
import { eventually } from "../../../support/eventually.ts";

const NAME = "webhook.test";
const API = "/apis/repositories.stash.appscode.com/v1alpha1";
const USER = { "x-remote-user": "me", "x-remote-group": "a" };
let server: SnapshotServer;
let port = 0;
let authority: KeyAndCertificate;
let other: KeyAndCertificate;
let proxy: KeyAndCertificate;
let asked: ApiRequest[] = [];
let waiting = Promise.resolve();

function frontProxy(ca: KeyAndCertificate, names: readonly string[]): FrontProxy {
  return {
    pem: ca.certPem,
    names,
    userHeaders: ["x-remote-user"],
    groupHeaders: ["x-remote-group"],
    uidHeaders: [],
    extraPrefixes: [],
  };
}

type Headers = Readonly<Record<string, string>>;

async function answer(call: ApiRequest): Promise<ApiAnswer> {
  asked.push(call);
  await waiting;
  return { status: 200, body: { path: call.path }, warnings: ['a "word"\nof ü'] };
}

beforeAll(async () => {
  [authority, other] = await Promise.all([issueAuthority("front"), issueAuthority("other")]);
  const serving = await issueServer(authority, { user: "webhook", groups: [] }, [NAME], ["127.0.0.1"]);
  proxy = await issueClient(authority, { user: "front-proxy", groups: [] });
  const certificate = { cert: serving.certPem, key: serving.keyPem, ca: authority.certPem };
  server = createSnapshotServer(certificate, { answer, log: { warn: () => {} } }, DEFAULT_TLS_OPTIONS);
  port = await server.listen("127.0.0.1", 0);
});

afterAll(() => server?.close());

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly warning: string | undefined;
}

function send(options: RequestOptions & { readonly headers?: Headers } = {}, body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const tls = { cert: proxy.certPem, key: proxy.keyPem, rejectUnauthorized: false, agent: false as const };
    const where = { host: "127.0.0.1", port, path: API };
    // node says no length of a DELETE's body by itself.
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const headers = { ...USER, ...length, ...options.headers };
    const call = request({ ...tls, ...where, ...options, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, text, warning: response.headers["warning"]?.toString() });
      });
    });
    call.on("error", reject);
    call.end(body);
  });
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : error;
}

describe("who is let in", () => {
  test("is nobody while the front proxy is not known", async () => {
    expect(await send()).toMatchObject({ status: 401, text: expect.stringContaining("not known") });
    server.setFrontProxy(frontProxy(authority, ["front-proxy"]));
    expect(await send()).toMatchObject({ status: 200, warning: '299 - "a \\"word\\"?of ?"' });
  });

  test("changes with the authority and the names, for those who are connected too", async () => {
    for (const known of [frontProxy(other, ["front-proxy"]), frontProxy(authority, ["another"]), undefined]) {
      server.setFrontProxy(known);
      expect((await send()).status).toBe(401);
    }
    server.setFrontProxy(frontProxy(authority, []));
    expect((await send()).status).toBe(200);
    expect((await send({ cert: undefined, key: undefined })).status).toBe(401);
  });
});

describe("too much", () => {
  const LIST = `${API}/namespaces/shop/snapshots`;
  const as = (user: string): Headers => ({ ...USER, "x-remote-user": user });

  test("of calls at once is told to come again, and takes nothing from those under way", async () => {
    asked = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting = promise;
    const people = ["a", "b", "c", "d"];
    const replies = [...people, ...people, ...people].map((user) => send({ path: LIST, headers: as(user) }));
    await eventually(() => asked.length, 6, 10_000);
    await eventually(async () => (await send({ path: LIST })).status, 429, 10_000);
    resolve();
    const statuses = (await Promise.all(replies)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(6);
    expect(statuses.filter((status) => status === 429)).toHaveLength(6);
    expect((await send({ path: LIST })).status).toBe(200);
  });

  test("of one user, or of a namespace's ServiceAccounts, leaves the others' places free", async () => {
    asked = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting = promise;
    const own = Array.from({ length: 9 }, (_, at) =>
      send({ path: LIST, headers: as(`system:serviceaccount:evil:robot-${at}`) }),
    );
    await eventually(() => asked.length, 2, 10_000);
    const other = send({ path: LIST, headers: as("somebody") });
    await eventually(() => asked.length, 3, 10_000);
    resolve();
    expect((await other).status).toBe(200);
    const statuses = (await Promise.all(own)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(2);
  });

  test("of bodies that are sent slowly keeps nobody from discovery or from a call", async () => {
    asked = [];
    waiting = Promise.resolve();
    const slow = Array.from({ length: 12 }, () => {
      const headers = { ...as("evil"), "content-length": "60000", "content-type": "application/json" };
      const tls = { cert: proxy.certPem, key: proxy.keyPem, rejectUnauthorized: false, agent: false as const };
      const call = request({ ...tls, host: "127.0.0.1", port, path: `${LIST}/x`, method: "DELETE", headers });
      call.on("error", () => {});
      call.write("{");
      return call;
    });
    try {
      await Promise.all(slow.slice(0, 4).map((call) => new Promise((done) => call.once("socket", done))));
      for (const path of [API, "/apis", "/openapi/v3"]) {
        expect(await send({ path, headers: as("system:kube-aggregator") })).toMatchObject({ status: 200 });
      }
      expect(await send({ path: LIST, headers: as("somebody") })).toMatchObject({ status: 200 });
      await eventually(async () => (await send({ path: LIST, headers: as("evil") })).status, 429, 10_000);
      expect(await send({ path: API, headers: as("evil") })).toMatchObject({ status: 200 });
    } finally {
      for (const call of slow) call.destroy();
    }
  });

  test("of a body, or one of another kind, reaches nobody", async () => {
    asked = [];
    const options = { method: "DELETE", headers: { "content-type": "application/json" } };
    // The rest of it is not read: who still writes may see the connection end before he reads why.
    const long = send(options, `"${"x".repeat(70_000)}"`);
    expect([400, "ECONNRESET", "EPIPE"]).toContain(await long.then(({ status }) => status, codeOf));
    const odd = { ...options, headers: { "content-type": "application/vnd.kubernetes.protobuf" } };
    expect((await send(odd, "x")).status).toBe(415);
    expect(asked).toEqual([]);
    expect((await send(options, "{}")).status).toBe(200);
    expect(asked.map(({ body, caller }) => [body, caller.username, caller.groups])).toEqual([["{}", "me", ["a"]]]);
  });
});

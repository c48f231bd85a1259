/** The server in the cluster, over real connections: whoever reaches its port sends what he likes. */
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createClusterDoor } from "../../../../cli/ui/cluster-door.ts";
import { createPeople, type People, RECHECK_MS } from "../../../../cli/ui/people.ts";
import { readPublicAddress } from "../../../../cli/ui/public-address.ts";
import { servePages, type UiServer } from "../../../../cli/ui/server.ts";
import { createStreams } from "../../../../cli/ui/streams.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { exchange, HOSTILE_REQUESTS, statusOf } from "../../../support/http/hostile-requests.ts";

const HOST = "backups.example.com";
const ORIGIN = `https://${HOST}`;
const HTML = "<!doctype html><title>pages</title>";
const faults: unknown[] = [];
const done: unknown[] = [];
const users = new Map<string, string>();
/** Who asked what takes its time, and until when. */
const waiting: string[] = [];
let gate = Promise.withResolvers<void>();
let aheadMs = 0;
let people: People;
let server: UiServer;
let acting: UiServer;

async function start(allowsActions: boolean): Promise<UiServer> {
  const onFault = (error: unknown) => void faults.push(error);
  people = createPeople({
    async identify(token) {
      const user = users.get(token);
      if (user !== undefined) return user;
      throw new KubeError({ action: "ask who you are", status: 401, reason: "Unauthorized", detail: "Unauthorized" });
    },
    open(_token, user, scope) {
      const streams = createStreams({ onChange: () => () => undefined, onFault });
      return {
        visit: {
          views: { own: () => ({ now: "", isLoading: false, notices: [], view: { user, scope } }) },
          streams,
          questions: {
            echo: async (body) => ({ user, body }),
            slow: async () => {
              waiting.push(user);
              await gate.promise;
              return {};
            },
          },
          actions: allowsActions ? { note: async (body) => void done.push([user, body]) } : {},
        },
        isWatched: () => streams.isOpen(),
        end: () => streams.close(),
      };
    },
    now: () => Date.now() + aheadMs,
    signIn: "open it through the proxy",
  });
  const door = createClusterDoor({ address: readPublicAddress(ORIGIN), people, scope: undefined, allowsActions });
  const pages = { "index.html": { type: "text/html", text: HTML }, "app.js": { type: "text/javascript", text: "1" } };
  const place = { host: "127.0.0.1", port: 0, maxConnections: 256, probePath: "/healthz" };
  return servePages({ door, pages, onFault }, place);
}

beforeAll(async () => {
  acting = await start(true);
  server = await start(false);
});

beforeEach(() => {
  users.clear();
  users.set("of-ann", "ann").set("of-ben", "ben");
  aheadMs = 0;
  faults.length = 0;
  done.length = 0;
  waiting.length = 0;
  gate = Promise.withResolvers();
});

afterAll(async () => {
  await server.close();
  await acting.close();
});

interface Sent {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Agent;
  readonly to?: UiServer;
}

function open(path: string, { method = "GET", token = "of-ann", headers = {}, body, agent, to = server }: Sent = {}) {
  const call = request({
    port: to.port,
    host: "127.0.0.1",
    path,
    method,
    agent: agent ?? false,
    headers: { host: HOST, ...(token !== "" && { authorization: `Bearer ${token}` }), ...headers },
  });
  call.end(body);
  return new Promise<IncomingMessage>((resolve, reject) => {
    call.on("response", resolve);
    call.on("error", reject);
  });
}

async function send(path: string, sent: Sent = {}): Promise<{ readonly status: number; readonly text: string }> {
  const response = await open(path, sent);
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}

const post = (path: string, { headers = {}, ...sent }: Sent = {}) =>
  send(path, {
    method: "POST",
    body: '{"a":1}',
    ...sent,
    headers: { origin: ORIGIN, "content-type": "application/json", ...headers },
  });
const viewOf = async (path: string, sent: Sent = {}) => JSON.parse((await send(path, sent)).text).view;

test("each sees with his own token, on one connection of the proxy, too", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const seen = [];
  for (const token of ["of-ann", "of-ben", "of-ann"]) seen.push(await viewOf("/view/own", { token, agent }));
  expect(seen).toEqual([{ user: "ann" }, { user: "ben" }, { user: "ann" }]);
  agent.destroy();
});

test("a namespace has pages of its own, with the same files below them", async () => {
  expect(await viewOf("/in/shop/view/own")).toEqual({ user: "ann", scope: "shop" });
  expect(await send("/in/shop/")).toEqual({ status: 200, text: HTML });
  expect(await send("/in/shop/app.js")).toEqual({ status: 200, text: "1" });
  for (const path of ["/in/", "/in/shop", "/in/SHOP/", "/in/-a/", `/in/${"a".repeat(64)}/`, "/in/a.b/", "/in/a/in/b/"])
    expect({ path, status: (await send(path)).status }).toEqual({ path, status: 404 });
});

describe("without a token that the API server knows", () => {
  test.each([
    ["none", "", {}],
    ["a wrong one", "of-eve", {}],
    ["what is none", "of ann", {}],
    ["one that is too long", "a".repeat(13_000), {}],
    ["a cookie of the local program", "", { cookie: "stash-ui=of-ann" }],
    ["what other headers say", "", { "x-forwarded-access-token": "of-ann", "x-forwarded-user": "ann" }],
    ["somebody whom one would be", "", { "impersonate-user": "ann", "x-remote-user": "ann" }],
  ])("%s: the page says what to do, and nothing else is told", async (_what, token, headers) => {
    const page = await send("/", { token, headers });
    expect(page.status).toBe(401);
    expect(page.text).toMatch(/^<!doctype html>.*<h1>Nothing can be shown<\/h1>.*Next: /);
    for (const path of ["/view/own", "/watch/own", "/in/shop/view/own"]) {
      expect(await send(path, { token, headers })).toMatchObject({ status: 401 });
    }
    expect((await post("/ask/echo", { token, headers })).status).toBe(401);
  });

  test("a token in the address is none", async () => {
    expect((await send("/?token=of-ann", { token: "" })).status).toBe(401);
    expect((await send("/view/own?access_token=of-ann", { token: "" })).status).toBe(401);
  });
});

describe("what a page of somebody else makes the browser of one who is signed in send", () => {
  test.each([
    ["a form", { "content-type": "text/plain" }, 415],
    ["a form of another site", { origin: "https://evil.example" }, 403],
    ["no origin", { origin: "null" }, 403],
    ["the same host without TLS", { origin: `http://${HOST}` }, 403],
    ["a host that begins like ours", { origin: `${ORIGIN}.evil.example` }, 403],
    ["another site, by the browser's word", { "sec-fetch-site": "cross-site" }, 403],
    ["a neighbour below the same domain", { "sec-fetch-site": "same-site" }, 403],
    ["another host that leads here", { host: "evil.example" }, 421],
    ["the Service's own name", { host: "stash-batch-ui.stash-batch.svc:8080" }, 421],
    ["a host that only the proxy is told", { host: "evil.example", "x-forwarded-host": HOST }, 421],
  ])("%s is refused", async (_what, headers, status) => {
    expect((await post("/act/note", { headers, to: acting })).status).toBe(status);
    expect((await post("/ask/echo", { headers })).status).toBe(status);
    expect(done).toEqual([]);
  });

  test("a list that another site would load is not sent", async () => {
    for (const path of ["/view/own", "/watch/own", "/app.js"]) {
      expect((await send(path, { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
    }
    // Signing in elsewhere leads here from another site: to the page, and no further.
    expect((await send("/", { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(200);
  });

  test("no answer may be kept on the way, or be read by another page", async () => {
    for (const path of ["/", "/view/own", "/nothing"]) {
      const { headers } = await open(path);
      expect(headers).toMatchObject({ "cache-control": "no-store", "cross-origin-resource-policy": "same-origin" });
      expect(headers["access-control-allow-origin"]).toBeUndefined();
      expect(headers["set-cookie"]).toBeUndefined();
    }
  });
});

describe("what goes by the proxy in another shape", () => {
  const raw = (head: readonly string[], body = "") =>
    exchange({ port: acting.port, isTls: false }, `${head.join("\r\n")}\r\n\r\n${body}`, 300);
  const line = "GET /view/own HTTP/1.1";

  test.each([
    ["two tokens", [line, `host: ${HOST}`, "authorization: Bearer of-ann", "authorization: Bearer of-ben"], 401],
    [
      "two tokens, one without a scheme",
      [line, `host: ${HOST}`, "authorization: x", "authorization: Bearer of-ben"],
      401,
    ],
    ["two hosts, ours first", [line, `host: ${HOST}`, "host: evil.example", "authorization: Bearer of-ann"], 421],
    ["two hosts, ours last", [line, "host: evil.example", `host: ${HOST}`, "authorization: Bearer of-ann"], 421],
    [
      "a whole address that names another host",
      [`GET https://evil.example/view/own HTTP/1.1`, `host: ${HOST}`, "authorization: Bearer of-ann"],
      404,
    ],
    ["a token on two lines", [line, `host: ${HOST}`, "authorization: Bearer", " of-ann"], 400],
    ["a name with a space", [line, `host: ${HOST}`, "authorization : Bearer of-ann"], 400],
  ])("%s", async (_what, head, status) => {
    const text = await raw([...head, "connection: close"]);
    expect(statusOf(text)).toBe(status);
    expect(text).not.toContain('"user"');
  });

  test("a request that hides in the body of another is none", async () => {
    const hidden = [
      "POST /act/note HTTP/1.1",
      `host: ${HOST}`,
      "authorization: Bearer of-ben",
      `origin: ${ORIGIN}`,
      "content-type: application/json",
      "content-length: 2",
      "",
      "{}",
    ].join("\r\n");
    const common = [
      "POST /ask/echo HTTP/1.1",
      `host: ${HOST}`,
      "authorization: Bearer of-ann",
      `origin: ${ORIGIN}`,
      "content-type: application/json",
    ];
    for (const more of [
      ["content-length: 5", "transfer-encoding: chunked"],
      ["transfer-encoding: chunked, identity"],
      ["transfer-encoding: xchunked"],
      ["transfer-encoding : chunked"],
      ["content-length: 5", "content-length: 400"],
      ["content-length: +5"],
    ]) {
      const text = await raw([...common, ...more], `0\r\n\r\n${hidden}`);
      expect({ more, status: statusOf(text), answers: text.match(/HTTP\/1\.1/g)?.length }).toEqual({
        more,
        status: 400,
        answers: 1,
      });
    }
    expect(done).toEqual([]);
  });

  test("S7: hostile requests are answered without a fault, with a good token, too", { timeout: 120_000 }, async () => {
    const left = HOSTILE_REQUESTS.flatMap((text) => [
      text,
      text.replaceAll(/host: x/gi, `host: ${HOST}\r\nauthorization: Bearer of-ann`),
    ]).filter((text) => !text.startsWith("GET /?"));
    const codes: (number | undefined)[] = [];
    const work = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        codes.push(statusOf(await exchange({ port: server.port, isTls: false }, next, 200)));
      }
    };
    await Promise.all(Array.from({ length: 16 }, work));
    expect(codes.filter((code = 0) => code >= 500)).toEqual([]);
    expect(faults).toEqual([]);
    expect(await viewOf("/view/own")).toEqual({ user: "ann" });
  });
});

test("nothing is changed unless it is allowed, in no namespace", async () => {
  for (const path of ["/act/note", "/in/shop/act/note"]) {
    const { status, text } = await post(path);
    expect({ path, status }).toEqual({ path, status: 403 });
    expect(text).toContain("READ_ONLY");
    expect((await post(path, { to: acting })).status).toBe(200);
  }
  expect(done).toEqual([
    ["ann", { a: 1 }],
    ["ann", { a: 1 }],
  ]);
});

test("names that every object has are no views, questions or actions", async () => {
  for (const name of ["constructor", "toString", "valueOf", "__proto__", "hasOwnProperty"]) {
    expect((await send(`/view/${name}`)).status).toBe(404);
    expect((await send(`/${name}`)).status).toBe(404);
    expect((await send(`/${name}/own`)).status).toBe(404);
    expect((await post(`/ask/${name}`)).status).toBe(404);
    expect((await post(`/act/${name}`, { to: acting })).status).toBe(404);
  }
});

test("a stream ends when its token does, while others go on", async () => {
  const [own, other] = [await open("/watch/own"), await open("/watch/own", { token: "of-ben" })];
  let isOtherOver = false;
  other.on("end", () => {
    isOtherOver = true;
  });
  other.resume();
  const ended = new Promise<void>((resolve) => own.on("end", resolve));
  own.resume();
  users.delete("of-ann");
  aheadMs = RECHECK_MS;
  people.sweep();
  await ended;
  expect(isOtherOver).toBe(false);
  expect((await send("/watch/own")).status).toBe(401);
  other.destroy();
});

describe("somebody who asks more than a person can", () => {
  /** Eight tokens of one person. */
  const tokens = Array.from({ length: 8 }, (_one, at) => `of-ann-${at}`);
  const MOST = 16;

  beforeEach(async () => {
    for (const token of tokens) users.set(token, "ann");
    for (const token of [...tokens, "of-ben"]) await viewOf("/view/own", { token });
  });

  const head = { origin: ORIGIN, "content-type": "application/json" };

  function begin(path: string, token: string, method = "GET"): ClientRequest {
    const headers = { host: HOST, authorization: `Bearer ${token}`, ...(method === "POST" && head) };
    const call = request({ port: server.port, host: "127.0.0.1", path, method, agent: false, headers });
    call.on("error", () => undefined);
    return call;
  }

  const statusOfCall = (call: ClientRequest) =>
    new Promise<number>((resolve) => {
      call.on("response", (response) => {
        response.on("error", () => undefined).resume();
        resolve(response.statusCode ?? 0);
      });
    });

  test("has so many questions under way with all tokens together, and is told so; others are answered at once", async () => {
    const calls = [...tokens, ...tokens, ...tokens, ...tokens, ...tokens].map((token) =>
      begin("/ask/slow", token, "POST"),
    );
    const statuses = calls.map(statusOfCall);
    for (const call of calls) call.end("{}");
    await expect.poll(() => waiting.length).toBe(MOST);
    expect(await viewOf("/view/own", { token: "of-ben" })).toEqual({ user: "ben" });
    expect((await post("/ask/echo", { token: "of-ben" })).status).toBe(200);
    const refused = await post("/ask/echo", { token: "of-ann-0" });
    expect(refused.status).toBe(429);
    expect(JSON.parse(refused.text).error).toMatchObject({
      message: "you ask too much at once",
      next: expect.stringContaining("close some pages"),
    });
    gate.resolve();
    const answered = await Promise.all(statuses);
    expect(answered.filter((status) => status === 200)).toHaveLength(MOST);
    expect(answered.filter((status) => status === 429)).toHaveLength(calls.length - MOST);
    expect(waiting).toHaveLength(MOST);
    await expect.poll(async () => (await post("/ask/echo", { token: "of-ann-0" })).status).toBe(200);
  });

  test("gets no more by leaving before the answer: the work that he left counts until it is done", async () => {
    const calls = Array.from({ length: MOST }, () => begin("/ask/slow", "of-ann-0", "POST"));
    for (const call of calls) call.end("{}");
    await expect.poll(() => waiting.length).toBe(MOST);
    for (const call of calls) call.destroy();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await post("/ask/slow", { token: "of-ann-1" })).status).toBe(429);
    expect(waiting).toHaveLength(MOST);
    gate.resolve();
    await expect.poll(async () => (await post("/ask/echo", { token: "of-ann-1" })).status).toBe(200);
  });

  test("follows so many pages, which take nothing from his own questions, nor from others", async () => {
    const calls = [...tokens, ...tokens, ...tokens, ...tokens].map((token) => begin("/watch/own", token));
    const statuses = calls.map(statusOfCall);
    for (const call of calls) call.end();
    const answered = await Promise.all(statuses);
    expect(answered.filter((status) => status === 200)).toHaveLength(MOST);
    expect(answered.filter((status) => status === 429)).toHaveLength(MOST);
    expect((await post("/ask/echo", { token: "of-ann-0" })).status).toBe(200);
    const other = await open("/watch/own", { token: "of-ben" });
    expect(other.statusCode).toBe(200);
    other.destroy();
    for (const call of calls) call.destroy();
    const again = async () => {
      const response = await open("/watch/own", { token: "of-ann-0" });
      response.destroy();
      return response.statusCode;
    };
    await expect.poll(again).toBe(200);
  });

  test("and tokens that nobody knows, with bodies that do not end, keep out nobody who is known", async () => {
    const calls = Array.from({ length: 100 }, (_one, at) => begin("/ask/echo", `of-eve-${at}`, "POST"));
    const statuses = calls.map(statusOfCall);
    for (const call of calls) {
      call.setHeader("content-length", "400");
      call.write("{");
    }
    // Those for whom there is no place are told at once.
    expect(await Promise.race(statuses)).toBe(429);
    expect(await viewOf("/view/own", { token: "of-ben" })).toEqual({ user: "ben" });
    expect((await post("/ask/echo", { token: "of-ann-0" })).status).toBe(200);
    for (const call of calls) call.destroy();
  });

  test("all together have so many under way, and each of them is told", async () => {
    const people = Array.from({ length: 9 }, (_one, at) => `many-${at}`);
    for (const name of people) users.set(`of-${name}`, name);
    for (const name of people) await viewOf("/view/own", { token: `of-${name}` });
    const calls = people
      .slice(0, 8)
      .flatMap((name) => Array.from({ length: MOST }, () => begin("/ask/slow", `of-${name}`, "POST")));
    for (const call of calls) call.end("{}");
    await expect.poll(() => waiting.length).toBe(8 * MOST);
    expect((await post("/ask/echo", { token: "of-many-8" })).status).toBe(429);
    gate.resolve();
    await Promise.all(calls.map((call) => new Promise((resolve) => call.on("close", resolve))));
    await expect.poll(async () => (await post("/ask/echo", { token: "of-many-8" })).status).toBe(200);
  });
});

test("a probe is answered to whomever, and tells nothing", async () => {
  expect(await send("/healthz", { token: "", headers: { host: "10.0.0.7:8080" } })).toEqual({
    status: 200,
    text: "ok\n",
  });
});

test("what is told to the program has no token in it", async () => {
  for (const token of ["of-ann", "of-eve"]) await send("/view/own", { token });
  expect(JSON.stringify(faults)).not.toContain("of-");
});

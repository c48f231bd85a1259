/** The local server, over real connections. */
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../../../cli/program/usage-error.ts";
import { type LocalUi, startLocalUi } from "../../../../cli/ui/local-door.ts";
import { createSignIn, TOKEN_LIFETIME_MS } from "../../../../cli/ui/sign-in.ts";
import { UserError } from "../../../../shared/errors.ts";
import { eventually, stays } from "../../../support/eventually.ts";
import { exchange, HOSTILE_REQUESTS, statusOf } from "../../../support/http/hostile-requests.ts";

const HTML = '<!doctype html><script type="module" src="./app.js"></script>';
const faults: unknown[] = [];
const done: unknown[] = [];
const listeners = new Set<() => void>();
let counter = 0;
const signIns: unknown[] = [];
let servers: LocalUi[] = [];

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

async function start(allowsActions = false): Promise<LocalUi> {
  const server = await startLocalUi(
    {
      signIn: createSignIn(Date.now()),
      pages: {
        "index.html": { type: "text/html", text: HTML },
        "app.js": { type: "text/javascript", text: "1" },
      },
      views: {
        counter: () => ({ now: new Date().toISOString(), isLoading: false, notices: [], view: { counter } }),
        broken: () => {
          throw new Error("no view");
        },
      },
      onChange: (changed) => {
        listeners.add(changed);
        return () => void listeners.delete(changed);
      },
      questions: {
        echo: async (body) => ({ body }),
        usage: async () => {
          throw new UsageError("there is no such member", "did you mean web?");
        },
        forbidden: async () => {
          throw new UserError("API_FORBIDDEN", "you lack the right", { next: "ask for it" });
        },
        fault: async () => {
          throw new TypeError("no way");
        },
      },
      actions: {
        note: async (body) => {
          done.push(body);
          return {};
        },
      },
      allowsActions,
      onSignIn: () => void signIns.push(1),
      onFault: (error) => faults.push(error),
    },
    0,
  );
  servers.push(server);
  return server;
}

/** @param address of the server, with its token */
function send(address: string, { method = "GET", path, headers = {}, body }: Asked = {}): Promise<Answered> {
  const url = new URL(path ?? "", address);
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += String(chunk);
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.on("error", reject);
    call.end(body);
  });
}

async function signIn(address: string): Promise<string> {
  const { headers } = await send(address, { path: address });
  const [cookie = ""] = headers["set-cookie"] ?? [];
  return cookie.split(";")[0] ?? "";
}

const post = (
  address: string,
  cookie: string,
  path: string,
  change: Readonly<Record<string, string>> = {},
  body = "{}",
) =>
  send(address, {
    method: "POST",
    path,
    headers: { cookie, origin: new URL(address).origin, "content-type": "application/json", ...change },
    body,
  });

let server: LocalUi;
let cookie: string;

beforeAll(async () => {
  server = await start();
  cookie = await signIn(server.address);
});

afterAll(async () => {
  for (const one of servers) await one.close();
  servers = [];
});

describe("signing in", () => {
  test("the address signs in once, for a cookie that scripts and other folders never see", async () => {
    const { address } = await start();
    const first = await send(address, { path: address });
    const folder = new URL(address).pathname;
    // A redirect would be asked for without the cookie: the browser keeps it from what another site, or a file, has led to.
    expect(first.status).toBe(200);
    expect(first.text).toContain(`<meta http-equiv="refresh" content="0; url=${folder}">`);
    expect(folder).toMatch(/^\/[\w-]{12}\/$/);
    expect(first.headers["set-cookie"]).toEqual([
      expect.stringMatching(new RegExp(`^stash-ui=[\\w-]{43}; Path=${folder}; HttpOnly; SameSite=Strict$`)),
    ]);
    const second = await send(address, { path: address });
    expect(second.status).toBe(401);
    expect(second.headers["set-cookie"]).toBeUndefined();
    expect(second.text).toContain("not signed in");
  });

  test("a second tab of the same browser is signed in, with the used address, too", async () => {
    expect(await send(server.address, { path: "./", headers: { cookie } })).toMatchObject({ status: 200, text: HTML });
    const again = await send(server.address, { path: server.address, headers: { cookie } });
    expect(again).toMatchObject({ status: 200, text: expect.stringContaining('http-equiv="refresh"') });
    expect(again.headers["set-cookie"]).toBeUndefined();
  });

  test("no cookie, a wrong one and a cut one are none", async () => {
    for (const wrong of ["", "stash-ui=", `stash-ui=${"a".repeat(43)}`, cookie.slice(0, -1), `x${cookie}`]) {
      expect((await send(server.address, { path: "./", headers: { cookie: wrong } })).status).toBe(401);
      expect((await send(server.address, { path: "view/counter", headers: { cookie: wrong } })).status).toBe(401);
      expect((await send(server.address, { path: "app.js", headers: { cookie: wrong } })).status).toBe(401);
      expect((await post(server.address, wrong, "ask/echo")).status).toBe(401);
    }
  });

  test("a token that is old, wrong or twice in the address gives nothing", async () => {
    const old = createSignIn(0);
    expect(old.redeem(old.token, TOKEN_LIFETIME_MS + 1)).toBeUndefined();
    expect(old.redeem("", 0)).toBeUndefined();
    expect(old.redeem(`${old.token}x`, 0)).toBeUndefined();
    const { address } = await start();
    const { pathname } = new URL(address);
    expect((await send(address, { path: `${pathname}?token=wrong` })).status).toBe(401);
    expect((await send(address, { path: `${address}&token=x` })).status).toBe(401);
    // A wrong one uses up nothing.
    const before = signIns.length;
    expect((await send(address, { path: address })).status).toBe(200);
    expect(signIns).toHaveLength(before + 1);
  });
});

test("every answer, a refusal too, forbids whatever a page does not need", async () => {
  const answers = [
    await send(server.address, { path: "./", headers: { cookie } }),
    await send(server.address, { path: "app.js", headers: { cookie } }),
    await send(server.address, { path: "view/counter", headers: { cookie } }),
    await send(server.address, { path: "./" }),
    await send(server.address, { path: "/" }),
    await send(server.address, { path: "nothing", headers: { cookie } }),
    await send(server.address, { path: "./", headers: { host: "evil.example" } }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 401, 404, 404, 421]);
  for (const { headers } of answers) {
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'/,
    );
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|http|\*/);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
    });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  }
});

describe("what another page or program sends", () => {
  test.each([
    ["another host", { host: "evil.example" }, 421],
    ["another origin", { origin: "http://evil.example" }, 403],
    ["another site", { "sec-fetch-site": "cross-site" }, 403],
    ["a form", { "content-type": "text/plain" }, 415],
  ])("%s is refused with the right cookie, too", async (_what, change, status) => {
    expect((await post(server.address, cookie, "ask/echo", change)).status).toBe(status);
  });

  test("a body that is no JSON, is too long, or would set a prototype is no fault", async () => {
    expect((await post(server.address, cookie, "ask/echo", {}, "{")).status).toBe(400);
    expect((await post(server.address, cookie, "ask/echo", {}, `"${"a".repeat(600_000)}"`)).status).toBe(413);
    expect((await post(server.address, cookie, "ask/echo", {}, '{"__proto__": {"a": 1}}')).status).toBe(400);
    expect(faults).toEqual([]);
  });

  test("S7: hostile requests are answered without a fault, and it goes on", { timeout: 120_000 }, async () => {
    const { port, host } = new URL(server.address);
    const left = HOSTILE_REQUESTS.flatMap((text) => [
      text,
      text.replaceAll(/host: x/gi, `host: ${host}\r\ncookie: ${cookie}`),
    ]);
    const codes: (number | undefined)[] = [];
    const work = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        codes.push(statusOf(await exchange({ port: Number(port), isTls: false }, next, 200)));
      }
    };
    await Promise.all(Array.from({ length: 16 }, work));
    expect(codes.filter((code = 0) => code >= 500 || code === 200)).toEqual([]);
    expect(faults).toEqual([]);
    expect((await send(server.address, { path: "./", headers: { cookie } })).status).toBe(200);
  });
});

test("an answer is a value, or what went wrong with the next step; only faults of ours are told to the program", async () => {
  const ask = async (name: string) =>
    JSON.parse((await post(server.address, cookie, `ask/${name}`, {}, '{"a":1}')).text);
  expect(await ask("echo")).toEqual({ value: { body: { a: 1 } } });
  expect(await ask("usage")).toMatchObject({
    error: { message: "there is no such member", next: "did you mean web?" },
  });
  expect(await ask("forbidden")).toEqual({
    error: { code: "API_FORBIDDEN", message: "you lack the right", next: "ask for it" },
  });
  expect(faults).toEqual([]);
  expect(await ask("fault")).toMatchObject({ error: { code: "INTERNAL" } });
  expect(faults.splice(0)).toEqual([new TypeError("no way")]);
});

test("nothing is changed unless it is allowed", async () => {
  expect(await post(server.address, cookie, "act/note")).toMatchObject({
    status: 403,
    text: expect.stringContaining("--allow-actions"),
  });
  for (const path of ["%61ct/note", "ac%74/note", "act%2Fnote", "act/not%65", "./%61%63%74/note", "act%2fnot%65"]) {
    expect({ path, status: (await post(server.address, cookie, path)).status }).toEqual({ path, status: 404 });
  }
  expect(done).toEqual([]);
  const acting = await start(true);
  const own = await signIn(acting.address);
  expect((await post(acting.address, own, "act/note", {}, '{"a":1}')).status).toBe(200);
  expect(done).toEqual([{ a: 1 }]);
  expect((await post(acting.address, own, "%61ct/note")).status).toBe(404);
  expect(done).toEqual([{ a: 1 }]);
  // One server's cookie is no other's.
  expect((await post(acting.address, cookie, "act/note")).status).toBe(401);
});

test("a view comes at once, again when it changes, and not when it does not", async () => {
  const events: string[] = [];
  const url = new URL("watch/counter", server.address);
  const call = request(url, { headers: { cookie }, agent: false });
  const ended = new Promise((resolve) => call.on("close", resolve));
  call.on("error", () => undefined);
  call.on("response", (response) => {
    expect(response.headers["content-type"]).toBe("text/event-stream");
    response.on("data", (chunk) => events.push(...String(chunk).split("\n\n").filter(Boolean)));
  });
  call.end();
  await eventually(() => events.length, 1);
  for (const changed of listeners) changed();
  counter = 7;
  for (const changed of listeners) changed();
  await eventually(() => events.length, 2);
  for (const changed of listeners) changed();
  await stays(() => events.length, 2, 400);
  expect(events.map((text) => JSON.parse(text.replace("data: ", "")).view)).toEqual([{ counter: 0 }, { counter: 7 }]);
  call.destroy();
  await ended;
  await eventually(() => listeners.size, 0);
});

test("a view that can't be made ends its stream and is told to the program", async () => {
  const { text } = await send(server.address, { path: "watch/broken", headers: { cookie } });
  expect(text).toBe("");
  expect(faults.splice(0)).toEqual([new Error("no view")]);
});

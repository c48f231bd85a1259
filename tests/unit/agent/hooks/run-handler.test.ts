import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type HandlerOutcome, runHandler } from "../../../../agent/hooks/run-handler.ts";
import type { Handler } from "../../../../shared/api/hooks.ts";

const SUMMARY = {
  Name: "nightly-1",
  Namespace: "demo",
  Invoker: { APIGroup: "stash.appscode.com", Kind: "BackupBatch", Name: "nightly" },
  Target: { APIVersion: "", Kind: "", Name: "", Namespace: "" },
  Status: { Phase: "Failed", Duration: "3s", Error: 'no "route"' },
  RetryLeft: 1,
};

interface Call {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

const servers: (Server | TcpServer)[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

async function listen(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A server that answers with the status that its path names, or never. */
async function aServer(calls: Call[] = []): Promise<number> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      calls.push({ method: request.method, url: request.url, type: request.headers["content-type"], body });
      if (request.url === "/never") return;
      if (request.url === "/there") response.writeHead(302, { location: "/200" }).end();
      else if (request.url === "/elsewhere") response.writeHead(302, { location: "http://other.invalid/" }).end();
      else response.writeHead(Number(request.url?.slice(1)) || 200).end("answer");
    });
  });
  return listen(server);
}

function runHook(handler: Handler, podIp: string | undefined = "127.0.0.1"): Promise<HandlerOutcome> {
  return runHandler(handler, { podIp, summary: SUMMARY, now: () => new Date(0) });
}

describe("an HTTP handler", () => {
  test("succeeds on 200 to 399 and fails on the rest", async () => {
    const port = await aServer();
    for (const [status, phase] of [
      [200, "Succeeded"],
      [204, "Succeeded"],
      [404, "Failed"],
      [500, "Failed"],
    ] as const) {
      const outcome = await runHook({ httpGet: { port, path: `/${status}`, scheme: "HTTP" } });
      expect(outcome.phase, String(status)).toBe(phase);
    }
  });

  test("sends the rendered body, with the Content-Type that the user gives or what follows from the body", async () => {
    const calls: Call[] = [];
    const port = await aServer(calls);
    const body = '{"error": {{ .Status.Error | toJson }}}';
    await runHook({ httpPost: { port, path: "/200", scheme: "HTTP", body } });
    const httpHeaders = [{ name: "Content-Type", value: "text/x-own" }];
    await runHook({ httpPost: { port, path: "/200", scheme: "HTTP", body: "plain", httpHeaders } });
    await runHook({
      httpPost: { port, path: "/200", scheme: "HTTP", form: [{ key: "a", values: ["1", "2 3"] }] },
    });
    expect(calls).toEqual([
      { method: "POST", url: "/200", type: "application/json", body: '{"error": "no \\"route\\""}' },
      { method: "POST", url: "/200", type: "text/x-own", body: "plain" },
      { method: "POST", url: "/200", type: "application/x-www-form-urlencoded", body: "a=1&a=2+3" },
    ]);
  });

  test("follows a redirect on the same host, and takes one to another as a success", async () => {
    const port = await aServer();
    expect(await runHook({ httpGet: { port, path: "/there" } })).toMatchObject({
      phase: "Succeeded",
      output: "status 200, 6 bytes",
    });
    const elsewhere = await runHook({ httpGet: { port, path: "/elsewhere" } });
    expect(elsewhere).toMatchObject({
      phase: "Succeeded",
      output: "status 302, 0 bytes",
    });
  });

  test("that is never answered fails at its time limit", async () => {
    const port = await aServer();
    const outcome = await runHook({ httpGet: { port, path: "/never" }, timeout: "50ms" });
    expect(outcome.phase).toBe("Failed");
    expect(outcome.message).toMatch(/did not end within/);
  });

  test("L73: of a global hook without a host fails with words instead of a crash", async () => {
    const outcome = await runHandler(
      { httpGet: { port: 80 } },
      { podIp: undefined, summary: SUMMARY, now: () => new Date(0) },
    );
    expect(outcome).toMatchObject({ phase: "Failed", message: "the handler names no host" });
  });
});

describe("a TCP handler", () => {
  test("succeeds when the connection opens and fails when it does not", async () => {
    const server = createTcpServer((socket) => socket.destroy());
    const port = await listen(server);
    expect((await runHook({ tcpSocket: { port } })).phase).toBe("Succeeded");
    expect((await runHook({ tcpSocket: { port: 1 } })).phase).toBe("Failed");
    expect((await runHook({ tcpSocket: { port: "http" } })).message).toContain("no number");
  });
});

test("handlers run in upstream's order, and the first failure ends the hook", async () => {
  const calls: Call[] = [];
  const port = await aServer(calls);
  const handler: Handler = {
    exec: { command: ["true"] },
    httpGet: { port, path: "/500" },
    httpPost: { port, path: "/200", body: "never sent" },
  };
  const outcome = await runHook(handler);
  expect(outcome).toMatchObject({ phase: "Failed", message: expect.stringContaining("status 500, 6 bytes") });
  expect(calls.map(({ method }) => method)).toEqual(["GET"]);
});

test("S4: nothing of an answer is kept but its status and size, whatever it says", async () => {
  const server = createServer((_request, response) => response.writeHead(200).end("NODE-IAM-TOKEN"));
  const port = await listen(server);
  const outcome = await runHook({ httpGet: { port, path: "/token" } });
  expect(outcome).toEqual({ phase: "Succeeded", message: "", output: "status 200, 14 bytes" });
});

test("paths, headers, bodies and form values are rendered, with the names that upstream's manual uses", async () => {
  const calls: Call[] = [];
  const port = await aServer(calls);
  const form = [{ key: "of", values: ["{{ .Invoker.ApiVersion }}"] }];
  await runHook({ httpPost: { port, path: "/200?of={{ .Name }}", form } });
  expect(calls).toMatchObject([{ url: "/200?of=nightly-1", body: "of=stash.appscode.com%2Fv1beta1" }]);
});

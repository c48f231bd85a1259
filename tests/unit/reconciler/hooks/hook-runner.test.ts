import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import type { HookOutcome, HookPlace, HookRun } from "../../../../reconciler/hooks/hook-plan.ts";
import { HookRunner } from "../../../../reconciler/hooks/hook-runner.ts";
import { renderTemplate } from "../../../../reconciler/hooks/render.ts";
import type { Handler } from "../../../../shared/api/hooks.ts";
import { systemClock } from "../../../../shared/kube/clock.ts";
import type { ExecRequest, ExecResult } from "../../../../shared/kube/exec.ts";

const SUMMARY = {
  Name: "nightly-1",
  Namespace: "demo",
  Invoker: { APIGroup: "stash.appscode.com", Kind: "BackupBatch", Name: "nightly" },
  Target: { APIVersion: "", Kind: "", Name: "", Namespace: "" },
  Status: { Phase: "Failed", Duration: "3s", Error: 'no "route"' },
  RetryLeft: 1,
};
const PLACE: HookPlace = { namespace: "demo", pod: "web-0", podIp: "127.0.0.1", container: "app" };

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

function runHook(
  handler: Handler,
  options: {
    readonly exec?: (request: ExecRequest) => Promise<ExecResult>;
    readonly place?: HookPlace | undefined;
    readonly globalExec?: HookPlace;
    readonly resolvePlace?: (place: HookPlace) => Promise<HookPlace>;
    readonly timeoutMs?: number;
  } = {},
): Promise<HookOutcome> {
  const runner = new HookRunner({
    exec: options.exec ?? (() => Promise.reject(new Error("no command was to run"))),
    render: renderTemplate,
    resolvePlace: options.resolvePlace ?? (async (place) => place),
    clock: systemClock,
    log: pino({ level: "silent" }),
    globalExec: options.globalExec,
  });
  const place = "place" in options ? options.place : PLACE;
  const run: HookRun = {
    key: "uid/session/0",
    startedAt: "2024-04-30T02:00:00.000Z",
    namespace: "demo",
    handler,
    place,
    summary: SUMMARY,
    timeoutMs: options.timeoutMs ?? 5_000,
  };
  return new Promise((done) => {
    runner.start(run, () => {
      const outcome = runner.runs().finished.get(run.key);
      if (outcome !== undefined) done(outcome);
    });
  });
}

function exited(exitCode: number, stdout = "", stderr = ""): ExecResult {
  return { end: { kind: "exited", exitCode }, stdout, stderr };
}

describe("a command", () => {
  test("runs in the container of its place, its arguments rendered", async () => {
    const requests: ExecRequest[] = [];
    const exec = async (request: ExecRequest) => {
      requests.push(request);
      return exited(0, "done");
    };
    const outcome = await runHook({ exec: { command: ["say", "{{ .Status.Phase }} {{ .Name | upper }}"] } }, { exec });
    expect(outcome).toMatchObject({ phase: "Succeeded", output: "done" });
    expect(requests[0]).toMatchObject({ pod: "web-0", container: "app", command: ["say", "Failed NIGHTLY-1"] });
  });

  test("S1, S2, S3: never runs outside the run's namespace, wherever its place comes from", async () => {
    const requests: ExecRequest[] = [];
    const exec = async (request: ExecRequest) => {
      requests.push(request);
      return exited(0, "pwned");
    };
    const foreign: HookPlace = { ...PLACE, namespace: "victim", pod: "bank-0" };
    const direct = await runHook({ exec: { command: ["id"] } }, { exec, place: foreign });
    const options = { exec, place: { ...PLACE, behindApp: "db" }, resolvePlace: async () => foreign };
    const behind = await runHook({ exec: { command: ["id"] } }, options);
    for (const outcome of [direct, behind]) {
      expect(outcome).toMatchObject({ phase: "Failed", output: "" });
      expect(outcome.message).toMatch(/^OUTSIDE_NAMESPACE: .*namespace victim.*\(next: /);
    }
    expect(requests).toEqual([]);
  });

  test("that exits with another code than 0 fails with its words", async () => {
    const outcome = await runHook({ exec: { command: ["x"] } }, { exec: async () => exited(3, "", "device busy") });
    expect(outcome).toMatchObject({ phase: "Failed", message: "exit code 3: device busy", output: "device busy" });
  });

  test("that does not end in time fails", async () => {
    const exec = async (): Promise<ExecResult> => ({ end: { kind: "timedOut" }, stdout: "half", stderr: "" });
    const outcome = await runHook({ exec: { command: ["x"] } }, { exec });
    expect(outcome).toMatchObject({ phase: "Failed", output: "half" });
    expect(outcome.message).toMatch(/^did not end within 5 s/);
  });

  test("whose template is broken fails and says where", async () => {
    const outcome = await runHook({ exec: { command: ["{{ .Nope | nothing }}"] } });
    expect(outcome.phase).toBe("Failed");
    expect(outcome.message).toContain("nothing");
  });

  test("of a global hook is refused where no container is meant for it", async () => {
    const outcome = await runHook({ exec: { command: ["id"] } }, { place: undefined });
    expect(outcome).toMatchObject({ phase: "Failed", message: "commands of global hooks are not allowed to run here" });
  });

  test("of a global hook runs in the container that is meant for it, and in no other", async () => {
    const globalExec = { ...PLACE, container: "hooks" };
    const exec = async ({ container }: ExecRequest) => exited(0, container);
    const own = await runHook({ exec: { command: ["id"] } }, { place: undefined, globalExec, exec });
    expect(own).toMatchObject({ phase: "Succeeded", output: "hooks" });
    const handler = { exec: { command: ["id"] }, containerName: "reconciler" };
    const other = await runHook(handler, { place: undefined, globalExec, exec });
    expect(other.phase).toBe("Failed");
  });
});

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
      output: "answer",
    });
    const elsewhere = await runHook({ httpGet: { port, path: "/elsewhere" } });
    expect(elsewhere).toMatchObject({
      phase: "Succeeded",
      output: "redirected to another host: http://other.invalid/",
    });
  });

  test("that is never answered fails at its time limit", async () => {
    const port = await aServer();
    const outcome = await runHook({ httpGet: { port, path: "/never" } }, { timeoutMs: 50 });
    expect(outcome.phase).toBe("Failed");
    expect(outcome.message).toMatch(/^did not end within/);
  });

  test("L73: of a global hook without a host fails with words instead of a crash", async () => {
    const outcome = await runHook({ httpGet: { port: 80 } }, { place: undefined });
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
    exec: { command: ["x"] },
    httpGet: { port, path: "/500" },
    httpPost: { port, path: "/200", body: "never sent" },
  };
  const outcome = await runHook(handler, { exec: async () => exited(0, "first") });
  expect(outcome.phase).toBe("Failed");
  expect(calls.map(({ method }) => method)).toEqual(["GET"]);
});

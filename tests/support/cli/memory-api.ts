/**
 * An API server that keeps objects in memory, and a kubeconfig that leads to it: whole commands run against it over real connections. It
 * knows no schemas and no admission.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocketServer } from "ws";
import type { Input } from "../../../cli/program/command.ts";
import { COMMANDS } from "../../../cli/program/commands.ts";
import type { ExitCode } from "../../../cli/program/exit-code.ts";
import { runProgram } from "../../../cli/program/run.ts";
import { isJsonObject, parseJson, textAt } from "../../../shared/json/value.ts";
import type { Resource } from "../../../shared/kube/resource.ts";
import { recordingTerminal } from "./terminal.ts";

export interface ApiCall {
  /** `POST /api/v1/namespaces/shop/secrets`. */
  readonly line: string;
  readonly body: unknown;
}

/** What a command says in a container, and how it ends. */
export interface Executed {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
}

export interface MemoryApi {
  /** Every call that was made, in order. */
  readonly calls: ApiCall[];
  readonly kubeconfig: string;
  put(resource: Resource, object: object): void;
  /** As if somebody else deleted it. */
  remove(resource: Resource, namespace: string, name: string): void;
  find(resource: Resource, namespace: string, name: string): unknown;
  list(resource: Resource, namespace: string): readonly unknown[];
  /** Status that answers a call in place of the server; undefined: it is answered as it is. */
  refuses: (call: ApiCall) => number | undefined;
  /** After a call changed something: what controllers would do. */
  reacts: (call: ApiCall) => void;
  /** Runs what a command asks a container for. */
  executes: (command: readonly string[]) => Executed;
  stop(): Promise<void>;
}

const EXEC_PROTOCOL = "v5.channel.k8s.io";

export async function startMemoryApi(): Promise<MemoryApi> {
  const dir = mkdtempSync(join(tmpdir(), "stash-memory-api-"));
  const kubeconfig = join(dir, "config");
  const objects = new Map<string, object>();
  const api: MemoryApi = {
    calls: [],
    kubeconfig,
    put: (resource, object) => void objects.set(placeOf(resource, object), object),
    remove: (resource, namespace, name) => void objects.delete(`${folderOf(resource, namespace)}/${name}`),
    find: (resource, namespace, name) => objects.get(`${folderOf(resource, namespace)}/${name}`),
    list: (resource, namespace) => inFolder(objects, folderOf(resource, namespace)),
    refuses: () => undefined,
    reacts: () => undefined,
    executes: () => ({}),
    async stop() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  const server = createServer((request, response) => {
    void readBody(request).then((body) => answer(api, objects, request, response, body));
  });
  const sockets = new WebSocketServer({ server, handleProtocols: () => EXEC_PROTOCOL });
  sockets.on("connection", (socket, { url = "" }) => {
    const { searchParams } = new URL(url, "http://local");
    const { stdout = "", stderr = "", exitCode = 0 } = api.executes(searchParams.getAll("command"));
    for (const [channel, text] of [
      [1, stdout],
      [2, stderr],
    ] as const) {
      if (text !== "") socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
    }
    socket.send(Buffer.concat([Buffer.from([3]), Buffer.from(JSON.stringify(endOf(exitCode)))]));
    socket.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  writeFileSync(kubeconfig, formatKubeconfig(port));
  return api;
}

function formatKubeconfig(port: number): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "here", user: "me", namespace: "shop" } }],
    clusters: [{ name: "here", cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: "me", user: { token: "x" } }],
  });
}

/** Runs a command line of the plugin; the namespace is `shop`. */
export async function runLine(
  api: MemoryApi,
  argv: readonly string[],
  hooks: Partial<Pick<Input, "leavesBehind" | "atStake">> & { readonly width?: number } = {},
) {
  const terminal = recordingTerminal({ width: hooks.width });
  const exitCode: ExitCode = await runProgram({
    argv: [...argv, `--kubeconfig=${api.kubeconfig}`],
    commands: COMMANDS,
    facts: { name: "kubectl stash", version: "9.9.9", summary: "All of it." },
    terminal,
    env: {},
    leavesBehind: hooks.leavesBehind ?? (() => undefined),
    atStake: hooks.atStake ?? (() => () => undefined),
  });
  return { exitCode, output: terminal.output(), notes: terminal.notes() };
}

function folderOf({ group, version, plural, namespaced }: Resource, namespace: string): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespaced ? `${root}/namespaces/${namespace}/${plural}` : `${root}/${plural}`;
}

function placeOf(resource: Resource, object: object): string {
  const namespace = textAt(object, "metadata", "namespace") ?? "";
  return `${folderOf(resource, namespace)}/${textAt(object, "metadata", "name")}`;
}

function inFolder(objects: ReadonlyMap<string, object>, folder: string): readonly object[] {
  const found = [...objects].filter(([path]) => path.startsWith(`${folder}/`));
  return found.filter(([path]) => !path.slice(folder.length + 1).includes("/")).map(([, object]) => object);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return parseJson(Buffer.concat(parts).toString("utf8"));
}

function answer(
  api: MemoryApi,
  objects: Map<string, object>,
  request: IncomingMessage,
  response: ServerResponse,
  body: unknown,
): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://local");
  const { method = "" } = request;
  const call: ApiCall = { line: `${method} ${pathname}`, body };
  api.calls.push(call);
  const refused = api.refuses(call);
  const [status, reply] =
    refused === undefined ? replyTo(objects, method, pathname, searchParams, body) : [refused, statusOf(refused)];
  if (refused === undefined && status < 300 && method !== "GET") api.reacts(call);
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(reply));
}

function replyTo(
  objects: Map<string, object>,
  method: string,
  path: string,
  query: URLSearchParams,
  body: unknown,
): readonly [number, unknown] {
  if (path.startsWith("/version")) return [200, { major: "1", minor: "37", gitVersion: "v1.37.0" }];
  const known = objects.get(path);
  if (method === "POST") {
    const place = `${path}/${textAt(body, "metadata", "name")}`;
    if (objects.has(place)) return [409, statusOf(409, "AlreadyExists")];
    if (isJsonObject(body) && query.get("dryRun") === null) objects.set(place, body);
    return [201, body];
  }
  if (
    method === "GET" &&
    known === undefined &&
    !/\/namespaces\/[^/]+$|\/namespaces\/[^/]+\/[^/]+\/[^/]+$/.test(path)
  ) {
    return [200, { metadata: {}, items: inFolder(objects, path).filter((one) => isSelected(one, query)) }];
  }
  if (known === undefined) return [404, statusOf(404, "NotFound")];
  if (method === "DELETE") objects.delete(path);
  if (method === "PATCH" && isJsonObject(body)) objects.set(path, { ...known, ...body });
  return [200, objects.get(path) ?? known];
}

/** Equality alone, of labels and of fields. */
function isSelected(object: object, query: URLSearchParams): boolean {
  const wants = (name: string) => (query.get(name) ?? "").split(",").filter(Boolean);
  const isLabelled = wants("labelSelector").every((one) => {
    const [key = "", value] = one.split("=");
    return textAt(object, "metadata", "labels", key) === value;
  });
  const hasFields = wants("fieldSelector").every((one) => {
    const [key = "", value] = one.split("=");
    return textAt(object, ...key.split(".")) === value;
  });
  return isLabelled && hasFields;
}

function statusOf(code: number, reason = `Http${code}`): unknown {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: `${reason} it is` };
}

function endOf(exitCode: number): unknown {
  if (exitCode === 0) return { status: "Success" };
  const causes = [{ reason: "ExitCode", message: String(exitCode) }];
  return { status: "Failure", reason: "NonZeroExitCode", details: { causes } };
}

/** HTTP and TCP handlers of hooks. */
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Handler } from "../../shared/api/hooks.ts";
import { UserError } from "../../shared/errors.ts";

type HttpGet = NonNullable<Handler["httpGet"]>;
type HttpPost = NonNullable<Handler["httpPost"]>;
type TcpSocket = NonNullable<Handler["tcpSocket"]>;

/** Where a handler speaks to when it does not say so itself. */
export interface HandlerPlace {
  /** Host where the handler names none. */
  readonly host: string | undefined;
  /** Renders templates in paths, headers, bodies and form values. */
  render(text: string): string;
}

const MAX_REDIRECTS = 10;

interface HttpCall {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

interface HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly bytes: number;
}

/** Names were replaced where the pod's containers are known. */
function portNumber(port: number | string): number {
  const number = Number(port);
  if (Number.isInteger(number) && number >= 1 && number <= 65_535) return number;
  throw new UserError("HOOK_FAILED", `port ${JSON.stringify(port)} is no number from 1 to 65535 and no known name`, {
    next: "Write the port's number, or the name of a port of the container that containerName names.",
  });
}

function hostOf(host: string | undefined, place: HandlerPlace): string {
  const name = host || place.host;
  if (name) return name;
  throw new UserError("HOOK_FAILED", "the handler names no host", { next: "Set host in the handler." });
}

function urlOf(handler: HttpGet | HttpPost, place: HandlerPlace): URL {
  const host = hostOf(handler.host, place);
  const scheme = (handler.scheme || "HTTP").toLowerCase();
  const base = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${portNumber(handler.port)}`;
  try {
    return new URL(place.render(handler.path || "/"), base);
  } catch (cause) {
    throw new UserError("HOOK_FAILED", `path ${JSON.stringify(handler.path)} gives no URL`, { cause });
  }
}

function headersOf(handler: HttpGet | HttpPost, place: HandlerPlace): Record<string, string> {
  const headers = handler.httpHeaders ?? [];
  return Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), place.render(value)]));
}

function formBody(form: NonNullable<HttpPost["form"]>, place: HandlerPlace): string {
  const fields = new URLSearchParams();
  for (const { key, values } of form) {
    for (const value of values ?? []) fields.append(key ?? "", place.render(value));
  }
  return fields.toString();
}

function contentTypeOf(body: string): string {
  try {
    JSON.parse(body);
    return "application/json";
  } catch {
    return "text/plain; charset=utf-8";
  }
}

/** The Content-Type that the user gives stays; else it follows from what is sent. */
function postCall(handler: HttpPost, place: HandlerPlace): HttpCall {
  const isForm = (handler.form ?? []).length > 0;
  const body = isForm ? formBody(handler.form ?? [], place) : place.render(handler.body ?? "");
  const detected = isForm ? "application/x-www-form-urlencoded" : contentTypeOf(body);
  return {
    method: "POST",
    url: urlOf(handler, place),
    headers: { "content-type": detected, ...headersOf(handler, place) },
    body,
  };
}

/** Reads the answer to its end and keeps nothing of it: it may hold what is no business of who reads the status. */
async function countBytes(answer: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of answer) bytes += Buffer.isBuffer(chunk) ? chunk.length : 0;
  return bytes;
}

/** Loaded when a handler comes: with it comes all that node has for the web, a quarter of the time in which an agent starts. */
async function requesterFor({ protocol }: URL) {
  return (protocol === "https:" ? await import("node:https") : await import("node:http")).request;
}

async function send(call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const { method, url, headers } = call;
  // Hooks speak to servers inside the cluster whose certificates nobody signed for this program; as upstream.
  const options = { method, headers, signal, agent: false, rejectUnauthorized: false } as const;
  const request = await requesterFor(url);
  const outgoing = request(url, options);
  outgoing.on("error", reject);
  outgoing.on("response", (answer) => {
    countBytes(answer).then(
      (bytes) => resolve({ status: answer.statusCode ?? 0, location: answer.headers.location, bytes }),
      reject,
    );
  });
  outgoing.end(call.body);
  return promise;
}

/** Follows redirects on the same host; one to another host counts as a success, as upstream. */
async function run(first: HttpCall, signal: AbortSignal): Promise<string> {
  let next = first;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const { status, location, bytes } = await send(next, signal);
    if (status < 200 || status >= 400) {
      throw new UserError("HOOK_FAILED", `${next.method} ${next.url.href}: status ${status}, ${bytes} bytes`);
    }
    if (status < 300 || location === undefined) return `status ${status}, ${bytes} bytes`;
    const url = new URL(location, next.url);
    if (url.host !== next.url.host) return `status ${status}, ${bytes} bytes`;
    const keepsMethod = status === 307 || status === 308;
    next = keepsMethod ? { ...next, url } : { ...next, url, method: "GET", body: undefined };
  }
  throw new UserError("HOOK_FAILED", `${first.url.href}: more than ${MAX_REDIRECTS} redirects`);
}

/**
 * Sends a GET.
 *
 * @returns status code and size of the answer
 * @throws UserError HOOK_FAILED on a status outside 200 to 399; node's errors of the connection; the signal's reason
 */
export async function runHttpGet(handler: HttpGet, place: HandlerPlace, signal: AbortSignal): Promise<string> {
  const url = urlOf(handler, place);
  return run({ method: "GET", url, headers: headersOf(handler, place), body: undefined }, signal);
}

/** Sends a POST; else as runHttpGet. */
export async function runHttpPost(handler: HttpPost, place: HandlerPlace, signal: AbortSignal): Promise<string> {
  return run(postCall(handler, place), signal);
}

/** Succeeds when the connection opens. @throws node's error of the connection; the signal's reason */
export async function runTcpSocket(handler: TcpSocket, place: HandlerPlace, signal: AbortSignal): Promise<string> {
  const host = hostOf(handler.host, place);
  const port = portNumber(handler.port);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  signal.throwIfAborted();
  const socket = connect({ host, port });
  const onAbort = (): void => {
    socket.destroy();
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  socket.once("error", reject);
  socket.once("connect", () => resolve(`connected to ${host}:${port}`));
  return promise.finally(() => {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  });
}

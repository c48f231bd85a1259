/** HTTP and TCP handlers, run from this process. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { Handler } from "../../shared/api/hooks.ts";
import { UserError } from "../../shared/errors.ts";

type HttpGet = NonNullable<Handler["httpGet"]>;
type HttpPost = NonNullable<Handler["httpPost"]>;
type TcpSocket = NonNullable<Handler["tcpSocket"]>;

const MAX_REDIRECTS = 10;
/** Kept of an answer, for the status. */
const OUTPUT_MAX_CHARS = 4_096;

interface HttpCall {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

interface HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

/** Port as a number. Names belong to a pod's containers, and a hook that runs here has none. */
function portNumber(port: number | string): number {
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new UserError("HOOK_FAILED", `port ${JSON.stringify(port)} is no number from 1 to 65535`);
  }
  return number;
}

function hostName(host: string | undefined, defaultHost: string | undefined): string {
  const name = host || defaultHost;
  if (name) return name;
  throw new UserError("HOOK_FAILED", "the handler names no host", { next: "Set host in the handler." });
}

function urlOf(handler: HttpGet | HttpPost, defaultHost: string | undefined): URL {
  const host = hostName(handler.host, defaultHost);
  const scheme = (handler.scheme || "HTTP").toLowerCase();
  const base = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${portNumber(handler.port)}`;
  return new URL(handler.path || "/", base);
}

function headersOf(handler: HttpGet | HttpPost): Record<string, string> {
  return Object.fromEntries((handler.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value]));
}

function formBody(form: NonNullable<HttpPost["form"]>): string {
  const fields = new URLSearchParams();
  for (const { key, values } of form) for (const value of values ?? []) fields.append(key ?? "", value);
  return fields.toString();
}

/** The Content-Type that the user gives stays; else it follows from what is sent. */
function postCall(handler: HttpPost, defaultHost: string | undefined): HttpCall {
  const isForm = (handler.form ?? []).length > 0;
  const body = isForm ? formBody(handler.form ?? []) : (handler.body ?? "");
  const detected = isForm ? "application/x-www-form-urlencoded" : contentTypeOf(body);
  return {
    method: "POST",
    url: urlOf(handler, defaultHost),
    headers: { "content-type": detected, ...headersOf(handler) },
    body,
  };
}

function contentTypeOf(body: string): string {
  try {
    JSON.parse(body);
    return "application/json";
  } catch {
    return "text/plain; charset=utf-8";
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  let text = "";
  answer.setEncoding("utf8");
  for await (const chunk of answer) if (text.length < OUTPUT_MAX_CHARS) text += String(chunk);
  return text.slice(0, OUTPUT_MAX_CHARS);
}

function send(call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const { method, url, headers } = call;
  // Hooks speak to servers inside the cluster whose certificates nobody signed for this program; as upstream.
  const options = { method, headers, signal, agent: false, rejectUnauthorized: false } as const;
  const outgoing = url.protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
  outgoing.on("error", reject);
  outgoing.on("response", (answer) => {
    readText(answer).then(
      (text) => resolve({ status: answer.statusCode ?? 0, location: answer.headers.location, text }),
      reject,
    );
  });
  outgoing.end(call.body);
  return promise;
}

/** Follows redirects on the same host; one to another host counts as a success, as upstream. */
async function call(first: HttpCall, signal: AbortSignal): Promise<string> {
  let next = first;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const { status, location, text } = await send(next, signal);
    if (status < 200 || status >= 400) {
      throw new UserError("HOOK_FAILED", `${next.method} ${next.url.href}: status ${status}: ${text.slice(0, 500)}`);
    }
    if (status < 300 || location === undefined) return text;
    const url = new URL(location, next.url);
    if (url.host !== next.url.host) return `redirected to another host: ${url.href}`;
    const keepsMethod = status === 307 || status === 308;
    next = keepsMethod ? { ...next, url } : { ...next, url, method: "GET", body: undefined };
  }
  throw new UserError("HOOK_FAILED", `${first.url.href}: more than ${MAX_REDIRECTS} redirects`);
}

/**
 * @param defaultHost host where the handler names none
 * @returns beginning of the answer
 * @throws UserError HOOK_FAILED on a status outside 200 to 399; node's errors of the connection; the signal's reason
 */
export function runHttpGet(handler: HttpGet, defaultHost: string | undefined, signal: AbortSignal): Promise<string> {
  return call(
    { method: "GET", url: urlOf(handler, defaultHost), headers: headersOf(handler), body: undefined },
    signal,
  );
}

/** As runHttpGet. */
export function runHttpPost(handler: HttpPost, defaultHost: string | undefined, signal: AbortSignal): Promise<string> {
  return call(postCall(handler, defaultHost), signal);
}

/** Succeeds when the connection opens. @throws node's error of the connection; the signal's reason */
export function runTcpSocket(
  handler: TcpSocket,
  defaultHost: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const host = hostName(handler.host, defaultHost);
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

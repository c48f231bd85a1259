/** Where a Prometheus is that remembers more than the cluster does, and how it is asked. */
import { messageOf, UserError } from "../../../shared/errors.ts";
import { toUserError } from "../../../shared/kube/client/error.ts";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";
import { UsageError } from "../../program/usage-error.ts";

/** By its own address, or by a Service that the API server leads to, with the rights of whoever looks. */
export type Place =
  | { readonly kind: "url"; readonly url: URL }
  | {
      readonly kind: "service";
      readonly namespace: string;
      /** As paths of the API server have it: `https:name:port`. */
      readonly service: string;
      /** Where Prometheus lies below another path; empty, or begins with a slash. */
      readonly prefix: string;
    };

const LIMIT_MS = 20_000;
/** Of one answer. What is asked for is far less. */
const MAX_LENGTH = 64 * 1024 * 1024;
const SERVICE =
  /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/(https:)?([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?):([a-z0-9-]{1,63})((?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)*)\/?$/;

/** @param text `http://…`, or `NAMESPACE/SERVICE:PORT` @throws UsageError */
export function readPlace(text: string): Place {
  const [, namespace, scheme = "", name, port, prefix = ""] = SERVICE.exec(text) ?? [];
  if (namespace !== undefined) return { kind: "service", namespace, service: `${scheme}${name}:${port}`, prefix };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "") {
    if (loginOf(url) !== undefined) return { kind: "url", url };
    throw new UsageError("--prometheus: its user or password is not percent-encoded", "write % as %25");
  }
  // A password may stand in it.
  const shown = text.includes("@") ? "" : ` ${JSON.stringify(text)}`;
  throw new UsageError(
    `--prometheus${shown} is no place of a Prometheus`,
    "write NAMESPACE/SERVICE:PORT, which the API server leads to, or its address: http://127.0.0.1:9090",
  );
}

/** @returns `USER:PASSWORD`; undefined when it can't be read */
function loginOf({ username, password }: URL): string | undefined {
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    return undefined;
  }
}

/** Without a password that may stand in it. */
export function formatPlace(place: Place): string {
  if (place.kind === "service") return `service ${place.namespace}/${place.service}${place.prefix}`;
  return `${place.url.origin}${place.url.pathname === "/" ? "" : place.url.pathname}`;
}

/** Asks the HTTP API of Prometheus. @returns its answer as text */
export type AskPrometheus = (
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<string>;

export function createAsk(place: Place, client: Pick<KubeClient, "read">): AskPrometheus {
  return place.kind === "url" ? askByUrl(place.url) : askByService(place, client);
}

function askByService(
  { namespace, service, prefix }: Extract<Place, { kind: "service" }>,
  client: Pick<KubeClient, "read">,
): AskPrometheus {
  const base = `/api/v1/namespaces/${namespace}/services/${service}/proxy${prefix}`;
  return async (path, query, signal) => {
    try {
      const options = { accept: "application/json", timeoutMs: LIMIT_MS, maxRetries: 0, signal };
      return await client.read(`${base}${path}`, query, options);
    } catch (thrown) {
      const { code, message } = toUserError(thrown);
      if (code !== "API_FORBIDDEN") throw thrown;
      throw new UserError(code, `you lack the right to get services/proxy in namespace ${namespace}: ${message}`, {
        next: `check it with: kubectl auth can-i get services --subresource=proxy -n ${namespace}`,
        cause: thrown,
      });
    }
  };
}

function askByUrl(place: URL): AskPrometheus {
  const login = loginOf(place) ?? ":";
  const headers = {
    accept: "application/json",
    ...(login !== ":" && { authorization: `Basic ${Buffer.from(login).toString("base64")}` }),
  };
  const base = `${place.origin}${place.pathname.replace(/\/+$/, "")}`;
  return async (path, query, signal) => {
    const url = `${base}${path}?${new URLSearchParams(query)}`;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    try {
      const response = await fetch(url, { headers, redirect: "error", signal: limit });
      const text = await readBounded(response);
      if (response.ok || isAnswer(text)) return text;
      throw new Error(`it answers ${response.status}`);
    } catch (thrown) {
      signal.throwIfAborted();
      // What fetch says itself is only that it failed.
      const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
      throw new Error(messageOf(cause), { cause: thrown });
    }
  };
}

/** Prometheus tells its own errors in the same form. */
const isAnswer = (text: string) => text.startsWith('{"status":');

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_LENGTH) throw new Error("its answer is too long");
  }
  return text;
}

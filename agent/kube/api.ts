/** JSON requests to the API server: what was answered, told apart by what the caller can do about it. */
import { KINDS, type KindName } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import type { ApiIdentity } from "./identity.ts";
import { type ApiRequest, sendRequest } from "./request.ts";

export type ApiAnswer =
  | { readonly kind: "ok"; readonly object: unknown }
  /** 404 or 410: the object is not there. */
  | { readonly kind: "gone"; readonly message: string }
  /** 409, 413 or 422: the object is not as the request takes for granted, or the value is too large or not allowed. */
  | { readonly kind: "rejected"; readonly message: string }
  | { readonly kind: "failed"; readonly error: UserError };

export interface ObjectPath {
  readonly kind: KindName;
  readonly namespace: string;
  readonly name: string;
}

export interface AgentApi {
  readonly identity: ApiIdentity;
  get(object: ObjectPath, signal?: AbortSignal): Promise<ApiAnswer>;
  /** Merges into the object. */
  patchStatus(object: ObjectPath, patch: object, signal?: AbortSignal): Promise<ApiAnswer>;
  create(kind: KindName, namespace: string, object: unknown, signal?: AbortSignal): Promise<ApiAnswer>;
}

const REQUEST_LIMIT_MS = 30_000;

/** Path of a kind's collection in a namespace. */
export function collectionPath(kind: KindName, namespace: string): string {
  const { group, version, plural } = KINDS[kind];
  return `/apis/${group}/${version}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

function objectPath({ kind, namespace, name }: ObjectPath): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

/** The text of a Kubernetes Status, or the start of whatever came instead. */
export function statusMessage(body: string): string {
  try {
    const status: unknown = JSON.parse(body);
    if (isJsonObject(status) && typeof status["message"] === "string") return status["message"];
  } catch {
    // Not JSON: a proxy or load balancer spoke.
  }
  return body.slice(0, 200);
}

/** What a status and body mean for the caller. */
function readAnswer(status: number, body: string): ApiAnswer {
  if (status >= 200 && status < 300) return { kind: "ok", object: JSON.parse(body) };
  const message = statusMessage(body);
  if (status === 404 || status === 410) return { kind: "gone", message };
  if (status === 409 || status === 413 || status === 422) return { kind: "rejected", message };
  if (status === 403) return { kind: "failed", error: new UserError("API_FORBIDDEN", message, { retry: true }) };
  const retry = status === 401 || status === 408 || status === 429 || status >= 500;
  return { kind: "failed", error: new UserError("API_UNAVAILABLE", `HTTP ${status}: ${message}`, { retry }) };
}

export function createApi(identity: ApiIdentity): AgentApi {
  async function ask(request: Omit<ApiRequest, "onBody" | "silenceLimitMs">): Promise<ApiAnswer> {
    const chunks: Buffer[] = [];
    try {
      const head = await sendRequest(identity, {
        ...request,
        silenceLimitMs: REQUEST_LIMIT_MS,
        onBody: (chunk) => chunks.push(chunk),
      });
      return readAnswer(head.status, Buffer.concat(chunks).toString("utf8"));
    } catch (error) {
      if (error instanceof UserError) return { kind: "failed", error };
      throw error;
    }
  }
  return {
    identity,
    get: (object, signal) => ask({ method: "GET", path: objectPath(object), ...(signal && { signal }) }),
    patchStatus: (object, patch, signal) =>
      ask({
        method: "PATCH",
        path: `${objectPath(object)}/status`,
        body: JSON.stringify(patch),
        contentType: "application/merge-patch+json",
        ...(signal && { signal }),
      }),
    create: (kind, namespace, object, signal) =>
      ask({
        method: "POST",
        path: collectionPath(kind, namespace),
        body: JSON.stringify(object),
        ...(signal && { signal }),
      }),
  };
}

/**
 * One list, then one watch for as long as the process lives. A cut or silent connection is resumed from the last resource
 * version; a version that the server has forgotten leads to a new list.
 */
import type { KindName } from "../../shared/api/kinds.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { isJsonObject } from "../../shared/kube/json-value.ts";
import type { Logger } from "../log.ts";
import { collectionPath, statusMessage } from "./api.ts";
import { createBackoff } from "./backoff.ts";
import type { ApiIdentity } from "./identity.ts";
import { createLineSplitter } from "./lines.ts";
import { sendRequest } from "./request.ts";

export interface WatchOptions {
  readonly kind: KindName;
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** An object as it is now. After a gap the same state may come again. */
  onObject(object: unknown): void;
  onDeleted(object: unknown): void;
  /** Everything that exists was handed out; `names` holds all of it, so what is missing there is gone. */
  onListed(names: ReadonlySet<string>): void;
  /** Is called at each sign of life of the API server. */
  onContact?(): void;
}

/** The server ends a watch after this time; it is resumed at once. */
const WATCH_SECONDS = 3_000;
/** Bookmarks come about once a minute: three missing ones are a dead connection. */
const SILENCE_LIMIT_MS = 200_000;
const LIST_SILENCE_LIMIT_MS = 30_000;
/** A watch that lasted so long was a good one: the next try is not delayed. */
const GOOD_WATCH_MS = 5_000;

function metadataText(object: unknown, field: string): string | undefined {
  if (!isJsonObject(object) || !isJsonObject(object["metadata"])) return undefined;
  const value = object["metadata"][field];
  return typeof value === "string" ? value : undefined;
}

function queryOf(options: WatchOptions, extra: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(extra);
  if (options.labelSelector !== undefined) query.set("labelSelector", options.labelSelector);
  if (options.fieldSelector !== undefined) query.set("fieldSelector", options.fieldSelector);
  return `${collectionPath(options.kind, options.namespace)}?${query}`;
}

function refusal(status: number, body: string): UserError {
  const code = status === 403 ? "API_FORBIDDEN" : "API_UNAVAILABLE";
  return new UserError(code, `HTTP ${status}: ${statusMessage(body)}`, { retry: true });
}

/** Lists from etcd, not from a cache: an agent that starts again must see what it wrote itself before. */
async function listAll(identity: ApiIdentity, options: WatchOptions): Promise<string> {
  const chunks: Buffer[] = [];
  const { status } = await sendRequest(identity, {
    method: "GET",
    path: queryOf(options, {}),
    silenceLimitMs: LIST_SILENCE_LIMIT_MS,
    signal: options.signal,
    onBody: (chunk) => chunks.push(chunk),
  });
  const body = Buffer.concat(chunks).toString("utf8");
  if (status !== 200) throw refusal(status, body);
  const list: unknown = JSON.parse(body);
  const resourceVersion = metadataText(list, "resourceVersion");
  if (!isJsonObject(list) || !Array.isArray(list["items"]) || resourceVersion === undefined) {
    throw new UserError("API_UNAVAILABLE", "the API server's list has no items");
  }
  const names = new Set<string>();
  for (const item of list["items"]) {
    names.add(metadataText(item, "name") ?? "");
    options.onObject(item);
  }
  options.onListed(names);
  options.onContact?.();
  return resourceVersion;
}

/** Watches until the connection ends. @returns where to go on; undefined when a new list is needed */
async function watchOnce(identity: ApiIdentity, options: WatchOptions, since: string): Promise<string | undefined> {
  let resourceVersion: string | undefined = since;
  let status = 0;
  let errorBody = "";
  const lines = createLineSplitter((line) => {
    const event: unknown = JSON.parse(line);
    if (!isJsonObject(event)) return;
    if (event["type"] === "ERROR") {
      resourceVersion = undefined;
      return;
    }
    if (resourceVersion !== undefined)
      resourceVersion = metadataText(event["object"], "resourceVersion") ?? resourceVersion;
    if (event["type"] === "ADDED" || event["type"] === "MODIFIED") options.onObject(event["object"]);
    if (event["type"] === "DELETED") options.onDeleted(event["object"]);
  });
  try {
    await sendRequest(identity, {
      method: "GET",
      path: queryOf(options, {
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion: since,
        timeoutSeconds: String(WATCH_SECONDS),
      }),
      silenceLimitMs: SILENCE_LIMIT_MS,
      signal: options.signal,
      onHead: (head) => {
        status = head.status;
      },
      onBody: (chunk) => {
        options.onContact?.();
        if (status === 200) lines.feed(chunk);
        else errorBody += chunk.toString("utf8");
      },
    });
  } catch (error) {
    if (options.signal.aborted) throw error;
    options.log.debug({ error: messageOf(error) }, "watch ended");
    return resourceVersion;
  }
  if (status === 410) return undefined;
  if (status !== 200) throw refusal(status, errorBody);
  return resourceVersion;
}

/** Runs until the signal aborts. Faults are logged and tried again with growing waits. */
export async function watch(identity: ApiIdentity, options: WatchOptions): Promise<void> {
  const backoff = createBackoff({ firstMs: 250, maxMs: 30_000 });
  let resourceVersion: string | undefined;
  while (!options.signal.aborted) {
    try {
      resourceVersion ??= await listAll(identity, options);
      const startedAtMs = performance.now();
      resourceVersion = await watchOnce(identity, options, resourceVersion);
      if (performance.now() - startedAtMs >= GOOD_WATCH_MS) backoff.reset();
      else await backoff.wait(options.signal);
    } catch (error) {
      if (options.signal.aborted) return;
      if (!(error instanceof UserError)) throw error;
      options.log.warn({ code: error.code, error: error.message }, "watch failed");
      await backoff.wait(options.signal);
    }
  }
}

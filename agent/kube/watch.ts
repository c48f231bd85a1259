/**
 * One list, then one watch for as long as the process lives. A cut or silent connection is resumed from the last resource
 * version; a version that the server has forgotten leads to a new list.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { KindName } from "../../shared/api/kinds.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import type { Logger } from "../log.ts";
import { collectionPath, statusMessage } from "./api.ts";
import { createGrowingWait } from "./growing-wait.ts";
import type { ResponseHead } from "./http-response.ts";
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

/** The server ends a watch after this time, at most twice as long; it is resumed at once. Not all agents come back together. */
const WATCH_SECONDS = 3_000;
/** A watch that ends earlier was cut, and with it those of all other agents: they come back over this time. */
const SPREAD_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;
/** A server that ends in good order says so up to this much before its time. */
const EARLY_MS = 10_000;
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

/** The API server's no, and how long it asks to be left alone. */
class Refusal extends UserError {
  readonly retryAfterMs: number;

  constructor({ status, headers }: ResponseHead, body: string) {
    const code = status === 403 ? "API_FORBIDDEN" : "API_UNAVAILABLE";
    super(code, `HTTP ${status}: ${statusMessage(body)}`, { retry: true });
    const seconds = Number(headers.get("retry-after") ?? 0);
    this.retryAfterMs = seconds > 0 ? Math.min(seconds * 1_000, LONGEST_PAUSE_MS) : 0;
  }
}

/**
 * How long to stay away after a watch that was a good one.
 *
 * @param seconds that it was asked to last
 * @param random in [0, 1)
 */
export function pauseAfterWatch(lastedMs: number, seconds: number, random: number): number {
  return lastedMs < seconds * 1_000 - EARLY_MS ? SPREAD_MS * random : 0;
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => undefined);
}

/** Lists from etcd, not from a cache: an agent that starts again must see what it wrote itself before. */
async function listAll(identity: ApiIdentity, options: WatchOptions): Promise<string> {
  const chunks: Buffer[] = [];
  const head = await sendRequest(identity, {
    method: "GET",
    path: queryOf(options, {}),
    silenceLimitMs: LIST_SILENCE_LIMIT_MS,
    signal: options.signal,
    onBody: (chunk) => chunks.push(chunk),
  });
  const body = Buffer.concat(chunks).toString("utf8");
  if (head.status !== 200) throw new Refusal(head, body);
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
async function watchOnce(
  identity: ApiIdentity,
  options: WatchOptions,
  since: string,
  seconds: number,
): Promise<string | undefined> {
  let resourceVersion: string | undefined = since;
  let head: ResponseHead = { status: 0, headers: new Map() };
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
        timeoutSeconds: String(seconds),
      }),
      silenceLimitMs: SILENCE_LIMIT_MS,
      signal: options.signal,
      onHead: (received) => {
        head = received;
      },
      onBody: (chunk) => {
        options.onContact?.();
        if (head.status === 200) lines.feed(chunk);
        else errorBody += chunk.toString("utf8");
      },
    });
  } catch (error) {
    if (options.signal.aborted) throw error;
    options.log.debug({ error: messageOf(error) }, "watch ended");
    return resourceVersion;
  }
  if (head.status === 410) return undefined;
  if (head.status !== 200) throw new Refusal(head, errorBody);
  return resourceVersion;
}

/** Runs until the signal aborts. Faults are logged and tried again with growing waits. */
export async function watch(identity: ApiIdentity, options: WatchOptions): Promise<void> {
  const backoff = createGrowingWait({ baseMs: 250, maxMs: 30_000 });
  let resourceVersion: string | undefined;
  while (!options.signal.aborted) {
    try {
      resourceVersion ??= await listAll(identity, options);
      const startedAtMs = performance.now();
      const seconds = Math.round(WATCH_SECONDS * (1 + Math.random()));
      resourceVersion = await watchOnce(identity, options, resourceVersion, seconds);
      const lastedMs = performance.now() - startedAtMs;
      if (lastedMs >= GOOD_WATCH_MS) {
        backoff.reset();
        await pause(pauseAfterWatch(lastedMs, seconds, Math.random()), options.signal);
      } else await backoff.wait(options.signal);
    } catch (error) {
      if (options.signal.aborted) return;
      if (!(error instanceof UserError)) throw error;
      options.log.warn({ code: error.code, error: error.message }, "watch failed");
      await backoff.wait(options.signal);
      if (error instanceof Refusal) await pause(error.retryAfterMs, options.signal);
    }
  }
}

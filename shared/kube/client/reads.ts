/** The reading half of the client: objects, lists page by page, watches. */
import { buildPath, buildQuery, formatResource, type Resource } from "../resource.ts";
import { callLimits, readAnswer } from "./call-defaults.ts";
import type { Calls } from "./calls.ts";
import { isExpired, isNotFound, KubeError, kubeErrorOf } from "./error.ts";
import type { CallOptions, KubeClient, ListOptions, Parse, WatchOptions } from "./interface.ts";
import { type ListPage, parseListPage, parseWatchEvent, readLines, type WatchEvent, WatchEventType } from "./watch.ts";

/** A page of 500 large objects takes a busy API server longer than a single one does. */
const LIST_TIMEOUT_MS = 60_000;
const WATCH_OPEN_TIMEOUT_MS = 30_000;
const DEFAULT_PAGE_SIZE = 500;

const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const METADATA_OBJECT = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

export type KubeReads = Pick<KubeClient, "get" | "find" | "list" | "listPages" | "watch" | "read">;

export function createReads(calls: Calls): KubeReads {
  function read(action: string, path: string, call: CallOptions, accept?: string, timeoutMs?: number): Promise<string> {
    return calls.call({
      action,
      method: "GET",
      path,
      ...(accept === undefined ? {} : { headers: { accept } }),
      repeatability: "read",
      ...callLimits(call, timeoutMs),
    });
  }

  async function readPage(
    resource: Resource,
    namespace: string | undefined,
    list: ListOptions,
    next: string | undefined,
  ): Promise<ListPage> {
    const { labelSelector, fieldSelector, pageSize = DEFAULT_PAGE_SIZE } = list;
    const query = { labelSelector, fieldSelector, limit: pageSize === 0 ? undefined : pageSize, continue: next };
    const action = `list ${formatResource(resource, namespace)}`;
    const path = buildPath(resource, namespace) + buildQuery(query);
    const accept = list.metadataOnly === true ? METADATA_LIST : undefined;
    const page = parseListPage(readAnswer(action, await read(action, path, list, accept, LIST_TIMEOUT_MS)));
    if (page !== undefined) return page;
    throw new KubeError({ action, status: 200, reason: "NotAList", detail: "the answer is no list of the API" });
  }

  async function* listPages(
    resource: Resource,
    namespace: string | undefined,
    list: ListOptions = {},
  ): AsyncGenerator<ListPage> {
    let next: string | undefined;
    do {
      const page = await readPage(resource, namespace, list, next);
      yield page;
      next = page.next;
    } while (next !== undefined);
  }

  async function* watch(
    resource: Resource,
    namespace: string | undefined,
    watched: WatchOptions,
  ): AsyncGenerator<WatchEvent> {
    const action = `watch ${formatResource(resource, namespace)}`;
    const { labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = watched;
    const where = { labelSelector, fieldSelector, resourceVersion, timeoutSeconds };
    const stream = await calls.open({
      action,
      method: "GET",
      path: buildPath(resource, namespace) + buildQuery({ watch: true, allowWatchBookmarks: true, ...where }),
      ...(watched.metadataOnly === true ? { headers: { accept: METADATA_OBJECT } } : {}),
      timeoutMs: watched.openTimeoutMs ?? WATCH_OPEN_TIMEOUT_MS,
      signal: watched.signal,
    });
    try {
      watched.onContact?.();
      for await (const line of readLines(noticing(stream.chunks, watched.onContact))) {
        yield readEvent(action, line);
      }
    } finally {
      stream.close();
    }
  }

  const reads: KubeReads = {
    async get(resource, namespace, name, parse, call = {}) {
      const action = `get ${formatResource(resource, namespace, name)}`;
      return parse(readAnswer(action, await read(action, buildPath(resource, namespace, name), call)));
    },
    async find(resource, namespace, name, parse, call) {
      try {
        return await reads.get(resource, namespace, name, parse, call);
      } catch (thrown) {
        if (isNotFound(thrown)) return undefined;
        throw thrown;
      }
    },
    async list(resource, namespace, parse, list = {}) {
      try {
        return await collect(listPages(resource, namespace, list), parse);
      } catch (thrown) {
        if (!isExpired(thrown) || list.pageSize === 0) throw thrown;
        return collect(listPages(resource, namespace, { ...list, pageSize: 0 }), parse);
      }
    },
    listPages,
    watch,
    read: (path, query = {}, call = {}) => read(`read ${path}`, path + buildQuery(query), call, call.accept),
  };
  return reads;
}

function readEvent(action: string, line: string): WatchEvent {
  const event = parseWatchEvent(line);
  if (event === undefined) {
    const detail = `no watch event: ${line.slice(0, 200)}`;
    throw new KubeError({ action, status: 200, reason: "NotAWatch", detail });
  }
  if (event.type === WatchEventType.Error) throw kubeErrorOf(action, 0, event.object);
  return event;
}

async function collect<T>(pages: AsyncIterable<ListPage>, parse: Parse<T>) {
  const items: T[] = [];
  let resourceVersion = "";
  for await (const page of pages) {
    for (const item of page.items) items.push(parse(item));
    resourceVersion = page.resourceVersion;
  }
  return { items, resourceVersion };
}

async function* noticing(chunks: AsyncIterable<Buffer>, onContact: (() => void) | undefined): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onContact?.();
    yield chunk;
  }
}

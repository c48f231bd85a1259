/**
 * A resource behind HTTP that obeys the API's rules for lists and watches: versions, pages, history, 410 after a
 * compaction, bookmarks. A test changes its objects and breaks its connections.
 */
import type { ServerResponse } from "node:http";
import { type Answer, answerJson, aStatus } from "../client/local-server.ts";

interface Kept {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly data: unknown;
}

interface Past {
  readonly revision: number;
  readonly line: string;
}

interface OpenWatch {
  readonly response: ServerResponse;
  sent: number;
}

function objectOf(kept: Kept): unknown {
  const { name, uid, resourceVersion, data } = kept;
  return { kind: "Thing", metadata: { namespace: "demo", name, uid, resourceVersion }, data };
}

export class WatchedCollection {
  readonly #objects = new Map<string, Kept>();
  #history: Past[] = [];
  #revision = 1;
  #compactedAt = 0;
  #watches = new Set<OpenWatch>();
  #uids = 0;
  /** New events do not go out while this is true; they do not get lost. */
  #silent = false;
  lists = 0;
  watchesOpened = 0;

  readonly answer: Answer = ({ query }, response) => {
    if (query.get("watch") === "true") this.#openWatch(Number(query.get("resourceVersion")), response);
    else this.#list(query.get("continue"), Number(query.get("limit") ?? 0), response);
  };

  get revision(): number {
    return this.#revision;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Names and data as they are now. */
  get state(): ReadonlyMap<string, unknown> {
    return new Map([...this.#objects.values()].map(({ name, data }) => [name, data]));
  }

  put(name: string, data: unknown): void {
    this.#revision += 1;
    const before = this.#objects.get(name);
    if (before === undefined) this.#uids += 1;
    const uid = before?.uid ?? `uid-${this.#uids}`;
    const kept = { name, uid, resourceVersion: String(this.#revision), data };
    this.#objects.set(name, kept);
    this.#happen(before === undefined ? "ADDED" : "MODIFIED", objectOf(kept));
  }

  remove(name: string): void {
    const kept = this.#objects.get(name);
    if (kept === undefined) return;
    this.#revision += 1;
    this.#objects.delete(name);
    this.#happen("DELETED", objectOf({ ...kept, resourceVersion: String(this.#revision) }));
  }

  /** Forgets the history: watches from before get 410. */
  compact(): void {
    this.#compactedAt = this.#revision;
    this.#history = [];
  }

  bookmark(revision: number = this.#revision): void {
    this.#writeAll({ type: "BOOKMARK", object: { metadata: { resourceVersion: String(revision) } } });
  }

  /** Breaks every watch; `halfEvent` first sends the beginning of a line. */
  cutWatches(halfEvent = false): void {
    for (const { response } of this.#watches) {
      if (halfEvent) response.write('{"type":"ADDED","object":{"metadata":{"name":"half');
      response.socket?.destroySoon();
    }
    this.#watches.clear();
  }

  /** Ends every watch as a server does when its time is over. */
  endWatches(): void {
    for (const { response } of this.#watches) response.end();
    this.#watches.clear();
  }

  /** Sends an error event on every watch and ends it. */
  failWatches(code: number, reason: string): void {
    this.#writeAll({ type: "ERROR", object: aStatus(code, reason) });
    this.endWatches();
  }

  /** Nothing goes out any more, but the connections stay, as behind a broken gateway; new watches work again. */
  fallSilent(): void {
    this.#silent = true;
  }

  #happen(type: string, object: unknown): void {
    const line = `${JSON.stringify({ type, object })}\n`;
    this.#history.push({ revision: this.#revision, line });
    this.#flush();
  }

  #flush(): void {
    if (this.#silent) return;
    for (const watch of this.#watches) {
      for (const { revision, line } of this.#history) if (revision > watch.sent) watch.response.write(line);
      watch.sent = this.#revision;
    }
  }

  #writeAll(event: unknown): void {
    for (const { response } of this.#watches) response.write(`${JSON.stringify(event)}\n`);
  }

  #openWatch(since: number, response: ServerResponse): void {
    this.watchesOpened += 1;
    if (since < this.#compactedAt) {
      answerJson(response, 410, aStatus(410, "Expired"));
      return;
    }
    this.#silent = false;
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const watch = { response, sent: since };
    this.#watches.add(watch);
    response.on("close", () => this.#watches.delete(watch));
    this.#flush();
  }

  #list(next: string | null, limit: number, response: ServerResponse): void {
    if (next === null) this.lists += 1;
    const objects = [...this.#objects.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const [after, revision] = next === null ? ["", this.#revision] : JSON.parse(next);
    // The history of single objects is not kept: a page of an older version counts as compacted.
    if (revision !== this.#revision) {
      answerJson(response, 410, aStatus(410, "Expired"));
      return;
    }
    const rest = objects.filter(({ name }) => name > after);
    const items = limit === 0 ? rest : rest.slice(0, limit);
    const last = items.at(-1);
    const more = last !== undefined && items.length < rest.length;
    answerJson(response, 200, {
      kind: "ThingList",
      apiVersion: "v1",
      metadata: {
        resourceVersion: String(this.#revision),
        ...(more ? { continue: JSON.stringify([last.name, revision]) } : {}),
      },
      items: items.map(objectOf),
    });
  }
}

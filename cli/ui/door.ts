/** What stands between a server of pages and whoever asks: how he is known, and what is there for him. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Crowd } from "./crowd.ts";
import type { AccessRefusal, ServingFacts } from "./decide-access.ts";
import type { Streams } from "./streams.ts";
import type { Query } from "./views/asked.ts";
import type { ViewTable } from "./views/table.ts";

export type Ask = (body: unknown) => Promise<unknown>;

/** All that one person is served, with his own rights; nobody else is given any of it. */
export interface Visit {
  readonly views: ViewTable;
  readonly streams: Streams;
  /** What is asked once, and only reads. */
  readonly questions: Readonly<Record<string, Ask>>;
  /** What changes the cluster; none of it is there unless actions are allowed. */
  readonly actions: Readonly<Record<string, Ask>>;
}

/** What is shown in place of the page, and the cookie that it sets. */
export interface Greeting {
  readonly status: number;
  readonly html: string;
  readonly cookie?: string | undefined;
}

export interface Door {
  /** By what the request is judged. */
  servingAt(path: string): ServingFacts;
  /** Whether the request carries something to be known by. */
  isSignedIn(request: IncomingMessage): boolean;
  /** A place for a request that may be answered, until it is. @returns false where whoever sent it has too many under way */
  arrive(request: IncomingMessage, response: ServerResponse): boolean;
  /** A place for a page that is followed. @returns false where whoever asks follows too many */
  follow(request: IncomingMessage): boolean;
  readonly keep: Crowd["keep"];
  /** Where the page itself is asked for; undefined: it is shown. */
  greet(request: IncomingMessage, query: Query): Promise<Greeting | undefined>;
  /** What is there for whoever sent the request; a refusal where the API server does not know him, or there is no room. */
  enter(request: IncomingMessage): Promise<Visit | AccessRefusal>;
  /** Ends all visits. */
  close(): Promise<void>;
}

/** A browser loads it with what belongs to it, and asks what each part of it needs. */
export const TOO_MANY: AccessRefusal = {
  status: 429,
  code: "TOO_MANY",
  message: "you ask too much at once",
  next: "wait until what you asked for is there, or close some pages",
};

export function isRefusal(found: Visit | AccessRefusal): found is AccessRefusal {
  return "status" in found;
}

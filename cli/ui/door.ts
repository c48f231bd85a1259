/** What stands between a server of pages and whoever asks: how he is known, and what is there for him. */
import type { IncomingMessage } from "node:http";
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
  /** Where the page itself is asked for; undefined: it is shown. */
  greet(request: IncomingMessage, query: Query): Promise<Greeting | undefined>;
  /** What is there for whoever sent the request; a refusal where the API server does not know him, or there is no room. */
  enter(request: IncomingMessage): Promise<Visit | AccessRefusal>;
  /** Ends all visits. */
  close(): Promise<void>;
}

export function isRefusal(found: Visit | AccessRefusal): found is AccessRefusal {
  return "status" in found;
}

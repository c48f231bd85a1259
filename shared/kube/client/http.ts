/** The KubeClient that really calls an API server. */
import { type Clock, systemClock } from "../../clock.ts";
import type { Connection } from "../connection/credentials.ts";
import { createCalls } from "./calls.ts";
import type { KubeClient } from "./interface.ts";
import type { RateLimit } from "./rate-limit.ts";
import { createReads } from "./reads.ts";
import { createTransport } from "./transport.ts";
import { createWrites } from "./writes.ts";

export interface KubeClientOptions {
  readonly connection: Connection;
  /** Name of the program; owner of the fields it writes, and part of the User-Agent. */
  readonly program: string;
  readonly clock?: Clock;
  /** In [0, 1); Math.random by default. */
  readonly random?: () => number;
  /** By default 1,000 calls per second with bursts of 2,000: it stops a runaway loop, the API server does the rest. */
  readonly rateLimit?: RateLimit;
  /** Connections for requests, 32 by default; each watch has its own beside them. */
  readonly maxConnections?: number;
  /** Is told the API server's own time with each of its answers, in whole seconds. */
  readonly onServerTime?: (timeMs: number) => void;
}

const DEFAULT_RATE_LIMIT: RateLimit = { qps: 1_000, burst: 2_000 };
const DEFAULT_MAX_CONNECTIONS = 32;

/** Makes a client. Connections are opened when they are needed; `close` ends them. */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  const clock = options.clock ?? systemClock;
  const transport = createTransport({
    connection: options.connection,
    clock,
    userAgent: `stash-batch/${options.program}`,
    maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    onServerTime: options.onServerTime,
  });
  const calls = createCalls({
    transport,
    clock,
    random: options.random ?? Math.random,
    rateLimit: options.rateLimit ?? DEFAULT_RATE_LIMIT,
  });
  return { ...createReads(calls), ...createWrites(calls, options.program), close: () => transport.close() };
}

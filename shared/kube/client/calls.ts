/** One call on the API server with everything around it: rate limit, repetition, refused credentials, errors. */
import type { Clock } from "../../clock.ts";
import { sleep } from "../../clock.ts";
import { KubeError, kubeErrorOfAnswer } from "./error.ts";
import { type RateLimit, TokenBucket } from "./rate-limit.ts";
import { decideRetry, type Repeatability } from "./retry.ts";
import type { HttpCall } from "./round-trip.ts";
import type { HttpAnswer, HttpStream, Transport } from "./transport.ts";

export interface CallsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly rateLimit?: RateLimit | undefined;
}

export interface RepeatedCall extends HttpCall {
  readonly repeatability: Repeatability;
  readonly maxRetries: number;
}

export interface Calls {
  /** @returns the body of a successful answer */
  call(call: RepeatedCall): Promise<string>;
  /** Opens a stream, once. @throws KubeError when the API server refuses it */
  open(call: HttpCall): Promise<HttpStream>;
}

export function createCalls(options: CallsOptions): Calls {
  const { transport, clock } = options;
  const bucket = options.rateLimit === undefined ? undefined : new TokenBucket(options.rateLimit, clock);

  async function takePlace(signal: AbortSignal | undefined): Promise<void> {
    const waitMs = bucket?.reserve() ?? 0;
    if (waitMs > 0) await sleep(clock, waitMs, signal);
  }

  // A rotated token may be refused before it is read again: one more attempt with fresh ones, whatever the call is,
  // since a refused call did nothing.
  async function withFreshCredentials<T extends { readonly status: number }>(attempt: () => Promise<T>): Promise<T> {
    const answer = await attempt();
    if (answer.status !== 401) return answer;
    transport.invalidateCredentials();
    return attempt();
  }

  async function attempt(call: HttpCall): Promise<HttpAnswer> {
    await takePlace(call.signal);
    return transport.send(call);
  }

  return {
    async call(call) {
      for (let failures = 0; ; failures += 1) {
        let error: KubeError;
        try {
          const { status, headers, body } = await withFreshCredentials(() => attempt(call));
          if (status >= 200 && status < 300) return body;
          error = kubeErrorOfAnswer(call.action, status, body, headers["retry-after"]);
        } catch (thrown) {
          if (!(thrown instanceof KubeError)) throw thrown;
          error = thrown;
        }
        const waitMs = decideRetry({
          repeatability: call.repeatability,
          error,
          earlierFailures: failures,
          maxRetries: call.maxRetries,
          random: options.random(),
        });
        if (waitMs === undefined) throw error;
        await sleep(clock, waitMs, call.signal);
      }
    },
    async open(call) {
      await takePlace(call.signal);
      const stream = await transport.open(call);
      if (stream.status === 200) return stream;
      if (stream.status === 401) transport.invalidateCredentials();
      const parts: Buffer[] = [];
      for await (const chunk of stream.chunks) parts.push(chunk);
      const body = Buffer.concat(parts).toString("utf8");
      throw kubeErrorOfAnswer(call.action, stream.status, body, stream.headers["retry-after"]);
    },
  };
}

/** One request and its answer on a connection, and what is known of it when it breaks. */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { ConnectionFault, KubeError } from "./error.ts";

export interface HttpCall {
  /** What the call is for, for error messages. */
  readonly action: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path below the server's address, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Time until the answer's end (send) or its head (open), in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Sends the request at once, under one time limit and one signal. */
export class RoundTrip {
  readonly #call: HttpCall;
  readonly #request: ClientRequest;
  readonly #head: Promise<IncomingMessage>;
  readonly #cancelLimit: () => void;
  readonly #onAbort: () => void;
  #connected = false;
  #timedOut = false;

  constructor(call: HttpCall, request: ClientRequest, clock: Clock) {
    this.#call = call;
    this.#request = request;
    this.#head = new Promise((resolve, reject) => {
      request.once("response", resolve);
      request.on("error", reject);
    });
    this.#watchConnection();
    this.#cancelLimit = clock.after(call.timeoutMs, () => {
      this.#timedOut = true;
      request.destroy(new Error(`no answer in ${call.timeoutMs} ms`));
    });
    this.#onAbort = () => request.destroy(new Error("aborted"));
    if (call.signal?.aborted) this.#onAbort();
    else call.signal?.addEventListener("abort", this.#onAbort, { once: true });
    request.end(call.body);
  }

  async head(): Promise<IncomingMessage> {
    try {
      return await this.#head;
    } catch (cause) {
      throw this.#explain(cause);
    }
  }

  async *chunks(answer: IncomingMessage): AsyncGenerator<Buffer> {
    try {
      yield* answer;
    } catch (cause) {
      throw this.#explain(cause);
    } finally {
      this.end();
    }
  }

  endTimeLimit(): void {
    this.#cancelLimit();
  }

  /** Gives back timer and listener. The connection stays if the answer was read to its end, else it is closed. */
  end(): void {
    this.#cancelLimit();
    this.#call.signal?.removeEventListener("abort", this.#onAbort);
  }

  abandon(): void {
    this.end();
    this.#request.destroy(new Error("closed"));
  }

  // A request on a connection that was never made can be repeated whatever it was; on all others nobody knows. A
  // connection that is no longer connecting when a request gets it was made for an earlier one.
  #watchConnection(): void {
    this.#request.once("socket", (socket) => {
      const made = (): void => {
        this.#connected = true;
      };
      if (socket.connecting) socket.once("encrypted" in socket ? "secureConnect" : "connect", made);
      else made();
    });
  }

  #explain(cause: unknown): unknown {
    if (this.#call.signal?.aborted) return this.#call.signal.reason;
    const reason = this.#timedOut
      ? ConnectionFault.TimedOut
      : this.#connected
        ? ConnectionFault.ConnectionLost
        : ConnectionFault.NotConnected;
    return new KubeError({ action: this.#call.action, status: 0, reason, detail: messageOf(cause), cause });
  }
}

/**
 * Reads bodies of requests, so that all of them together take a bounded amount of memory. When they take too much, the largest
 * that is still coming in is given up: a review of a usual size never is, whoever sends what beside it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** Of all bodies that are coming in, or whose answer is under way. */
  readonly maxHeldBytes: number;
}

/** Why a body was not read; `statusCode` is what Fastify answers with. */
export class BodyRefused extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

type Done = (error: Error | null, body?: string) => void;

interface Held {
  bytes: number;
  /** Ends the reading; undefined once the body is whole. */
  refuse: ((why: BodyRefused) => void) | undefined;
}

/** Grows by doubling: chunks may be of one byte each, and kept one by one they would take a hundred times their size. */
class GrowingBody {
  readonly #announced: number;
  #whole: Buffer = Buffer.alloc(0);
  #length = 0;

  /** @param announced length that the client says it will have; 0 when it says none */
  constructor(announced: number) {
    this.#announced = announced;
  }

  /** Memory that it takes. */
  get heldBytes(): number {
    return this.#whole.length;
  }

  get length(): number {
    return this.#length;
  }

  add(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    // Most bodies come in one piece, which is kept as it is.
    if (this.#length === 0) this.#whole = chunk;
    else {
      if (length > this.#whole.length) {
        // Never much more than what has come: a length is announced at no cost.
        const larger = Buffer.allocUnsafeSlow(
          length <= this.#announced ? Math.min(length * 2, this.#announced) : length * 2,
        );
        this.#whole.copy(larger, 0, 0, this.#length);
        this.#whole = larger;
      }
      chunk.copy(this.#whole, this.#length);
    }
    this.#length = length;
  }

  text(): string {
    return this.#whole.toString("utf8", 0, this.#length);
  }
}

export class BodyIntake {
  readonly #limits: BodyLimits;
  readonly #held = new WeakMap<IncomingMessage, Held>();
  readonly #comingIn = new Set<Held>();
  #heldBytes = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** Memory of all bodies that are held now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Begins to count a request's body, until its answer is out or its client gone. */
  open(request: IncomingMessage, response: ServerResponse): void {
    const held: Held = { bytes: 0, refuse: undefined };
    this.#held.set(request, held);
    response.once("close", () => {
      this.#comingIn.delete(held);
      this.#heldBytes -= held.bytes;
      held.bytes = 0;
    });
  }

  /** Reads the body of a request that was opened. */
  read(request: IncomingMessage, done: Done): void {
    const held = this.#held.get(request);
    const { maxBodyBytes } = this.#limits;
    const announced = Number(request.headers["content-length"] ?? 0);
    if (held === undefined || announced > maxBodyBytes) {
      done(new BodyRefused(413, `the body is longer than ${maxBodyBytes} bytes`));
      return;
    }
    const body = new GrowingBody(announced);
    const finish = (error: Error | null, text?: string): void => {
      if (held.refuse === undefined) return;
      held.refuse = undefined;
      this.#comingIn.delete(held);
      request.removeListener("data", add);
      done(error, text);
    };
    const add = (chunk: Buffer): void => {
      body.add(chunk);
      if (body.length > maxBodyBytes) {
        finish(new BodyRefused(413, `the body is longer than ${maxBodyBytes} bytes`));
        return;
      }
      this.#heldBytes += body.heldBytes - held.bytes;
      held.bytes = body.heldBytes;
      if (this.#heldBytes > this.#limits.maxHeldBytes) this.#refuseLargest();
    };
    held.refuse = finish;
    this.#comingIn.add(held);
    request.on("data", add);
    request.once("end", () => finish(null, body.text()));
    request.once("error", finish);
  }

  #refuseLargest(): void {
    let largest: Held | undefined;
    for (const held of this.#comingIn) if (largest === undefined || held.bytes > largest.bytes) largest = held;
    if (largest === undefined) return;
    this.#heldBytes -= largest.bytes;
    largest.bytes = 0;
    largest.refuse?.(new BodyRefused(429, "too many bytes of bodies at once; try again"));
  }
}

/**
 * Has objects looked at by a thread of their own, one after another. One that takes too long is given up together with the
 * thread, and refused in words; the next one gets a new thread.
 */
import { Worker } from "node:worker_threads";
import { messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import type { ReviewFault, ReviewHead } from "../review.ts";
import type { InspectedRequest } from "./objects.ts";

/** What the thread says. */
export type InspectorMessage =
  | { readonly kind: "ready" }
  /** The body is a review; what it holds is looked at now. */
  | { readonly kind: "begun"; readonly head: ReviewHead }
  | { readonly kind: "done"; readonly inspected: InspectedRequest }
  | { readonly kind: "fault"; readonly fault: string };

export interface InspectedReview {
  readonly head: ReviewHead;
  readonly inspected: InspectedRequest;
}

export interface Inspector {
  /** Never throws; waits a bounded time. */
  inspect(body: string): Promise<InspectedReview | ReviewFault>;
  stop(): Promise<void>;
}

export interface InspectorOptions {
  readonly log: Pick<Logger, "warn">;
  /** How long one object may take; milliseconds. */
  readonly limitMs?: number;
  /** How long a body waits for its turn; milliseconds. */
  readonly waitMs?: number;
  /** Program of the thread. */
  readonly program?: URL;
}

/** Objects take milliseconds. The rest is for busy machines; the API server gives up after 3 s. */
const LIMIT_MS = 2_000;
const WAIT_MS = 1_500;
/** Reading the largest body takes a third. What needs more ends its thread, not the program. */
const MEMORY = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32 };

interface Task {
  readonly body: string;
  readonly waiting: NodeJS.Timeout;
  readonly settle: (result: InspectedReview | ReviewFault) => void;
  head?: ReviewHead;
}

/** Where the thread's program is: beside this file, or beside the bundle. */
function ownProgram(): URL {
  return new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./validate-worker.mjs", import.meta.url);
}

/** Starts the thread at once, so that the first object does not wait for it. */
export function createInspector(options: InspectorOptions): Inspector {
  const inspector = new ThreadInspector(options);
  inspector.start();
  return inspector;
}

class ThreadInspector implements Inspector {
  readonly #options: Required<InspectorOptions>;
  readonly #waiting = new Set<Task>();
  #current: Task | undefined;
  #worker: Worker | undefined;
  #isReady = false;
  #limit: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: InspectorOptions) {
    this.#options = { limitMs: LIMIT_MS, waitMs: WAIT_MS, program: ownProgram(), ...options };
  }

  inspect(body: string): Promise<InspectedReview | ReviewFault> {
    return new Promise((settle) => {
      const waiting = setTimeout(() => {
        this.#waiting.delete(task);
        settle({ fault: "too many objects are being checked at once; try again", status: 429 });
      }, this.#options.waitMs);
      const task: Task = { body, waiting, settle };
      this.#waiting.add(task);
      this.#next();
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#limit);
    for (const task of this.#waiting) clearTimeout(task.waiting);
    await this.#worker?.terminate();
  }

  start(): void {
    const worker = new Worker(this.#options.program, { resourceLimits: MEMORY });
    this.#worker = worker;
    this.#isReady = false;
    worker.on("message", (message: InspectorMessage) => {
      if (this.#worker === worker) this.#hear(message);
    });
    worker.on("error", (error) => this.#loseThread(worker, messageOf(error)));
    worker.on("exit", () => this.#loseThread(worker, "its thread ended"));
    worker.unref();
  }

  #next(): void {
    if (this.#current !== undefined || this.#isStopped) return;
    if (this.#worker === undefined) this.start();
    const [task] = this.#waiting;
    if (task === undefined || !this.#isReady) return;
    this.#waiting.delete(task);
    clearTimeout(task.waiting);
    this.#current = task;
    this.#limit = setTimeout(() => this.#giveUp(), this.#options.limitMs);
    this.#worker?.postMessage(task.body);
  }

  #hear(message: InspectorMessage): void {
    if (message.kind === "ready") this.#isReady = true;
    else if (message.kind === "begun") {
      if (this.#current !== undefined) this.#current.head = message.head;
    } else if (message.kind === "fault") this.#finish({ fault: message.fault });
    else if (this.#current?.head !== undefined) {
      this.#finish({ head: this.#current.head, inspected: message.inspected });
    }
    this.#next();
  }

  #giveUp(): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#loseThread(worker, `it takes longer than ${this.#options.limitMs} ms`);
    void worker.terminate();
  }

  /** The object that it was at is refused; the others get a new thread. */
  #loseThread(worker: Worker, why: string): void {
    if (this.#worker !== worker || this.#isStopped) return;
    this.#worker = undefined;
    this.#isReady = false;
    const head = this.#current?.head;
    this.#options.log.warn(
      { reason: why, kind: head?.request.kind, namespace: head?.request.namespace },
      "object can't be checked",
    );
    const message = `the object can't be checked: ${why} (next: make it smaller)`;
    if (this.#current !== undefined) {
      this.#finish(head === undefined ? { fault: message } : { head, inspected: { kind: "denied", message } });
    }
    if (this.#waiting.size > 0) this.#next();
  }

  #finish(result: InspectedReview | ReviewFault): void {
    clearTimeout(this.#limit);
    const task = this.#current;
    this.#current = undefined;
    task?.settle(result);
  }
}

/** What reconciler/main.ts starts and stops. */

export interface Controller {
  /** Name in logs and metrics. */
  readonly name: string;
  /** Begins to react. Resolves when it does. */
  start(): Promise<void>;
  /** Stops reacting and waits for what is under way, a bounded time. */
  stop(): Promise<void>;
}

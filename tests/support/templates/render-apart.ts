/** Renders templates in a thread that may not hold more than so much memory. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";

export interface RenderedApart {
  /** What came out, or the words of the fault. */
  readonly said: string;
  /** Of the thread that rendered, in milliseconds. */
  readonly cpuMs: number;
}

export interface RenderingThread {
  /** @throws Error ERR_WORKER_OUT_OF_MEMORY when what is held at once passes the limit */
  render(template: string): Promise<RenderedApart>;
  stop(): Promise<void>;
}

/** Whoever holds more than the limit ends; what could be thrown away does not count. */
export function startRenderingThread(limitMiB: number): RenderingThread {
  const worker = new Worker(new URL("./rendering-thread.ts", import.meta.url), {
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: limitMiB - 32, maxYoungGenerationSizeMb: 32 },
  });
  return {
    async render(template) {
      worker.postMessage(template);
      const [answer]: RenderedApart[] = await once(worker, "message");
      if (answer === undefined) throw new Error("the thread gave no answer");
      return answer;
    },
    async stop() {
      await worker.terminate();
    },
  };
}

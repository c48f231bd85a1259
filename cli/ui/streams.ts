/** Views as they change, by server-sent events. */
import type { FastifyReply } from "fastify";
import type { Query } from "./views/asked.ts";
import type { View } from "./views/table.ts";

export interface Streams {
  /** Sends a view now and whenever it changes. @returns false when all has ended */
  open(view: View, query: Query, reply: FastifyReply): boolean;
  /** Whether any is open. */
  isOpen(): boolean;
  /** Ends them all, and opens none any more. */
  close(): void;
}

export interface StreamPorts {
  readonly onChange: (changed: () => void) => () => void;
  readonly onFault: (error: unknown) => void;
}

/** Changes that come together are sent together. */
const GATHER_MS = 200;
/** What only time changes, such as an application whose points become old. */
const AGAIN_MS = 30_000;
/** So that the other side knows that this one lives. */
const BEAT_MS = 15_000;
/** So many times as long as views took, nothing goes into them: however large they are, and however many one person follows. */
const MOST_LOAD = 4;

export function createStreams({ onChange, onFault }: StreamPorts): Streams {
  const ends = new Set<() => void>();
  let isClosed = false;
  return {
    open(view, query, reply) {
      if (isClosed) return false;
      reply.hijack();
      const { raw } = reply;
      // Proxies that gather what they pass on would keep the newest from whoever looks.
      raw.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
      let sent = "";
      let timer: NodeJS.Timeout | undefined;
      let notBeforeMs = 0;
      /** Whoever does not read is told of the newest when he does, and of nothing before. */
      let isFull = false;
      /** Whoever looks is told the time when nothing else is new: his own clock may be set anew meanwhile. */
      let isTurn = false;

      function send(): void {
        timer = undefined;
        if (raw.writableNeedDrain) {
          isFull = true;
          return;
        }
        const startedMs = performance.now();
        try {
          const { now, ...rest } = view(query, Date.now());
          const text = JSON.stringify(rest);
          if (text !== sent) raw.write(`data: ${JSON.stringify({ now, ...rest })}\n\n`);
          else if (isTurn) raw.write(`event: clock\ndata: ${now}\n\n`);
          sent = text;
          isTurn = false;
        } catch (error) {
          onFault(error);
          end();
        }
        notBeforeMs = performance.now() + MOST_LOAD * ends.size * (performance.now() - startedMs);
      }
      function later(): void {
        timer ??= setTimeout(send, Math.max(GATHER_MS, notBeforeMs - performance.now()));
      }
      raw.on("drain", () => {
        if (isFull) later();
        isFull = false;
      });
      const unsubscribe = onChange(later);
      const again = setInterval(() => {
        isTurn = true;
        later();
      }, AGAIN_MS);
      const beat = setInterval(() => raw.writableNeedDrain || raw.write(": alive\n\n"), BEAT_MS);
      function end(): void {
        ends.delete(end);
        unsubscribe();
        clearTimeout(timer);
        clearInterval(again);
        clearInterval(beat);
        raw.end();
      }
      ends.add(end);
      raw.on("close", end);
      send();
      return true;
    },
    isOpen: () => ends.size > 0,
    close() {
      isClosed = true;
      for (const end of [...ends]) end();
    },
  };
}

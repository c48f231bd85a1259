/** Who has how many requests and pages open at once: nobody keeps anybody else out, by as many as he likes. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createPlaces, type PlaceBounds } from "../../shared/places.ts";

/** What a request is to the server: of somebody whom nobody knows yet, of somebody known, or a page that is followed. */
export type CrowdKind = "strangers" | "requests" | "streams";

export interface Crowd {
  /** A place for a request, before anything of its body is read. It is held until the answer has ended. @returns false: none is free */
  arrive(request: IncomingMessage, response: ServerResponse, kind: CrowdKind, who: string): boolean;
  /** A place of another kind in place of the one that it has. @returns false: none is free, and it keeps that */
  move(request: IncomingMessage, kind: CrowdKind, who: string): boolean;
  /** Holds the place until the work is done, too: whoever leaves before leaves the work behind. */
  keep<T>(request: IncomingMessage, work: () => Promise<T>): Promise<T>;
}

interface Held {
  kind: CrowdKind;
  leave: () => void;
  /** The answer, and work on it. */
  holds: number;
}

export function createCrowd(bounds: Readonly<Record<CrowdKind, PlaceBounds>>): Crowd {
  const places = {
    strangers: createPlaces(bounds.strangers),
    requests: createPlaces(bounds.requests),
    streams: createPlaces(bounds.streams),
  };
  const all = new WeakMap<IncomingMessage, Held>();

  function release(held: Held): void {
    held.holds--;
    if (held.holds === 0) held.leave();
  }

  return {
    arrive(request, response, kind, who) {
      const leave = places[kind].take(who);
      if (leave === undefined) return false;
      const held: Held = { kind, leave, holds: 1 };
      all.set(request, held);
      response.once("close", () => release(held));
      return true;
    },
    move(request, kind, who) {
      const held = all.get(request);
      if (held === undefined || held.holds === 0) return false;
      if (held.kind === kind) return true;
      const leave = places[kind].take(who);
      if (leave === undefined) return false;
      held.leave();
      held.leave = leave;
      held.kind = kind;
      return true;
    },
    async keep(request, work) {
      const held = all.get(request);
      if (held === undefined) return work();
      held.holds++;
      try {
        return await work();
      } finally {
        release(held);
      }
    },
  };
}

/**
 * Watches one snapshot by its name, which is what `kubectl delete` waits by until it is gone. What is watched are objects of another kind,
 * so it is looked at now and then.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type GatherPorts, gatherOne } from "./gather.ts";
import type { WatchCall } from "./read-call.ts";
import { representOne } from "./represent.ts";
import { Refusal } from "./status.ts";

const WATCH_POLL_MS = 2_000;

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: object;
}

/** @returns undefined once it is gone */
async function look(call: WatchCall, ports: GatherPorts) {
  try {
    return (await gatherOne(call, ports)).snapshot;
  } catch (error) {
    if (error instanceof Refusal && error.why === "NotFound") return undefined;
    throw error;
  }
}

/**
 * Looks once before it returns. A snapshot that is not there has gone since it was listed: the client is to list anew.
 *
 * @throws Refusal Expired then
 */
export async function watchOne(call: WatchCall, ports: GatherPorts): Promise<AsyncIterable<WatchEvent>> {
  const first = await look(call, ports);
  if (first === undefined) throw new Refusal("Expired", "the snapshot is not there: list anew");
  return events(call, ports, first);
}

async function* events(
  call: WatchCall,
  ports: GatherPorts,
  first: NonNullable<Awaited<ReturnType<typeof look>>>,
): AsyncGenerator<WatchEvent> {
  const represent = (snapshot: typeof first) => representOne(snapshot, call.form, call.included);
  let known = first;
  yield { type: "ADDED", object: represent(first) };
  for (;;) {
    await sleep(WATCH_POLL_MS, undefined, { signal: ports.signal });
    const seen = await look(call, ports);
    if (seen === undefined) {
      yield { type: "DELETED", object: represent(known) };
      return;
    }
    if (JSON.stringify(seen) === JSON.stringify(known)) continue;
    known = seen;
    yield { type: "MODIFIED", object: represent(seen) };
  }
}

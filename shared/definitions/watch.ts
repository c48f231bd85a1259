/** Looks now and then whether the API server keeps all that is written of our kinds, and says what it drops. */
import { type Clock, sleep } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { KubeClient } from "../kube/client/interface.ts";
import type { Logger } from "../log.ts";
import { APPLY_DEFINITIONS, type DefinitionFault, findDefinitionFaults, formatDefinitionFault } from "./fault.ts";
import { gatherDefinitions, type PublishedSchemas } from "./gather.ts";

export interface DefinitionWatchPorts {
  readonly client: Pick<KubeClient, "read">;
  readonly clock: Clock;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  /** Is called when definitions that were good enough forget what is begun. */
  readonly onForgetful?: () => void;
}

export interface DefinitionWatch {
  /** Begins to look, at once. */
  start(): void;
  /** Resolves when nothing that is known keeps work from beginning. */
  usable(): Promise<void>;
  /** As last told; undefined when all is well or nothing is known. */
  whyWrong(): string | undefined;
  faults(): readonly DefinitionFault[];
  stop(): void;
}

/** The API server publishes a schema some seconds after it has changed: what is wrong only once is not told. */
const SECOND_LOOK_MS = 10_000;
const LOOK_MS = 60_000;
/** After so many looks that failed nothing is known, and nothing waits for it any longer. */
const MOST_FAILURES = 3;

/** It does nothing until `start`. */
export function watchDefinitions({ client, clock, log, onForgetful }: DefinitionWatchPorts): DefinitionWatch {
  const ending = new AbortController();
  const { signal } = ending;
  const usable = Promise.withResolvers<void>();
  let isUsable = false;
  let known: PublishedSchemas | undefined;
  let seen: readonly DefinitionFault[] = [];
  let told: readonly DefinitionFault[] = [];
  let failures = 0;

  /** @returns time to the next look */
  function take(faults: readonly DefinitionFault[]): number {
    const isFirst = !isSame(faults, seen);
    seen = faults;
    if (faults.length > 0 && isFirst) return SECOND_LOOK_MS;
    if (!isSame(faults, told)) tell(faults);
    return LOOK_MS;
  }

  function tell(faults: readonly DefinitionFault[]): void {
    told = faults;
    for (const fault of faults) {
      const { name, dropped } = fault;
      log.error(
        { definition: name, fields: dropped, error: formatDefinitionFault(fault), next: APPLY_DEFINITIONS },
        "definition not of this version",
      );
    }
    if (faults.length === 0) log.info({}, "definitions are of this version again");
  }

  async function look(): Promise<number> {
    try {
      known = await gatherDefinitions(client, known, { signal });
      failures = 0;
    } catch (error) {
      failures++;
      if (!signal.aborted) log.warn({ error: messageOf(error) }, "definitions not looked at; it is tried again");
      return failures < MOST_FAILURES ? SECOND_LOOK_MS : LOOK_MS;
    }
    return known === undefined ? LOOK_MS : take(findDefinitionFaults(known.schemas));
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const nextMs = await look();
      const forgets = seen.some((fault) => fault.forgets);
      const isUnknown = failures > 0 && failures < MOST_FAILURES;
      if (!forgets && !isUnknown) {
        isUsable = true;
        usable.resolve();
      } else if (isUsable && told.some((fault) => fault.forgets)) {
        isUsable = false;
        onForgetful?.();
      }
      await sleep(clock, forgets ? Math.min(nextMs, SECOND_LOOK_MS) : nextMs, signal).catch(() => undefined);
    }
  }

  return {
    start: () => void run(),
    usable: () => usable.promise,
    whyWrong: () =>
      told.length === 0 ? undefined : `${told.map(formatDefinitionFault).join("; ")}; ${APPLY_DEFINITIONS}`,
    faults: () => told,
    stop: () => ending.abort(new Error("stopped")),
  };
}

function isSame(one: readonly DefinitionFault[], other: readonly DefinitionFault[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

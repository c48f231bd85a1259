/** Follows a drill to its end, and tells each step of it and of its members. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type BackupVerificationSession,
  parseBackupVerificationSession,
} from "../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Cluster } from "../cluster/interface.ts";
import { patiently, SILENCE_MS } from "../cluster/patience.ts";
import { readOne } from "../objects/read.ts";
import type { Terminal } from "../terminal/interface.ts";
import { plainText } from "../terminal/plain-text.ts";
import { hasDrillEnded } from "./drills.ts";

const POLL_MS = 1_000;

/**
 * @param limitMs how long at most; undefined: as long as it takes
 * @returns the drill; one that has not ended when the time is over
 */
export async function followDrill(
  terminal: Terminal,
  cluster: Cluster,
  name: string,
  limitMs: number | undefined,
): Promise<BackupVerificationSession> {
  const { namespace } = cluster;
  const deadline = limitMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + limitMs;
  const onWait = (message: string) => terminal.note(`still waiting: ${message}`);
  const tell = createTold(terminal);
  for (;;) {
    const read = () =>
      readOne(cluster, KINDS.BackupVerificationSession, parseBackupVerificationSession, { namespace, name });
    // The drill goes on whether somebody looks or not.
    const until = Math.min(deadline, performance.now() + SILENCE_MS);
    const { object } = await patiently(read, { until, onWait });
    for (const [what, state] of statesOf(object)) tell(what, state);
    if (hasDrillEnded(object) || performance.now() >= deadline) return object;
    await sleep(Math.max(0, Math.min(POLL_MS, deadline - performance.now())));
  }
}

function statesOf({ status }: BackupVerificationSession): readonly (readonly [string, string])[] {
  const step = status?.step ?? "Pending";
  const waits = status?.step === undefined || status.step === "Pending" ? (status?.message ?? "") : "";
  return [
    ["drill", waits === "" ? step : `${step} (${waits})`],
    ...(status?.members ?? []).map(
      ({ alias, phase = "Pending", message = "" }) =>
        [alias, message === "" ? phase : `${phase} (${message})`] as const,
    ),
  ];
}

function createTold(terminal: Terminal): (what: string, state: string) => void {
  const told = new Map<string, string>();
  return (what, state) => {
    if (told.get(what) === state) return;
    told.set(what, state);
    terminal.note(plainText(`${what}: ${state}`));
  };
}

/** Follows a run (a BackupSession or a RestoreBatch) to its end, and shows its members on the way. */
import { setTimeout as sleep } from "node:timers/promises";
import { type MemberState, membersOfRestore, membersOfSession } from "../../cli/runs/member-state.ts";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../shared/api/restore-batch.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import type { Teller } from "./terminal/teller.ts";

const POLL_MS = 100;

interface Following<Run> {
  readonly what: string;
  readonly timeoutMs: number;
  read(): Promise<Run>;
  membersOf(run: Run): readonly MemberState[];
  phaseOf(run: Run): string | undefined;
  isFinal(run: Run): boolean;
}

/** @throws Error when the run does not end in time, or not well; it quotes the status */
async function follow<Run extends { readonly status?: unknown }>(
  teller: Teller,
  { what, timeoutMs, read, membersOf, phaseOf, isFinal }: Following<Run>,
): Promise<Run> {
  const deadline = performance.now() + timeoutMs;
  let run = await read();
  for (;;) {
    teller.showMembers(membersOf(run));
    if (isFinal(run)) break;
    if (performance.now() > deadline) throw new Error(`${what} did not end in ${timeoutMs / 1_000} s`);
    await sleep(POLL_MS);
    run = await read();
  }
  if (phaseOf(run) === "Succeeded") return run;
  throw new Error(`${what} ended ${phaseOf(run)}: ${JSON.stringify(run.status, null, 1)}`);
}

interface RunName {
  readonly namespace: string;
  readonly name: string;
  readonly timeoutMs: number;
}

/** @throws Error when the session does not succeed in time */
export function followSession(client: KubeClient, teller: Teller, run: RunName): Promise<BackupSession> {
  return follow(teller, {
    what: `BackupSession ${run.name}`,
    timeoutMs: run.timeoutMs,
    read: () => client.get(KINDS.BackupSession, run.namespace, run.name, parseBackupSession),
    membersOf: membersOfSession,
    phaseOf: ({ status }) => status?.phase,
    isFinal: ({ status }) => isFinalSessionPhase(status?.phase),
  });
}

/** As followSession, for a RestoreBatch. */
export function followRestore(client: KubeClient, teller: Teller, run: RunName): Promise<RestoreBatch> {
  return follow(teller, {
    what: `RestoreBatch ${run.name}`,
    timeoutMs: run.timeoutMs,
    read: () => client.get(KINDS.RestoreBatch, run.namespace, run.name, parseRestoreBatch),
    membersOf: membersOfRestore,
    phaseOf: ({ status }) => status?.phase,
    isFinal: ({ status }) => isFinalRestorePhase(status?.phase),
  });
}

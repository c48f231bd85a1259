/** Follows sessions and restores while they run, and tells what changed. */
import { setTimeout as sleep } from "node:timers/promises";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../shared/api/restore-batch.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import type { Narrator } from "./narrator.ts";

const POLL_MS = 200;

/** What both kinds show of one target. */
interface TargetProgress {
  readonly name: string;
  readonly phase: string;
  readonly hosts: readonly string[];
}

/** Repeats the lines of targets that changed since the last call. */
function sayChanges(narrator: Narrator, known: Map<string, string>, targets: readonly TargetProgress[]): void {
  for (const { name, phase, hosts } of targets) {
    const line = `${name.padEnd(4)} ${phase.padEnd(9)} ${hosts.join("  ")}`.trimEnd();
    if (known.get(name) !== line) narrator.say(line);
    known.set(name, line);
  }
}

function formatHost(host: { readonly hostname?: string; readonly phase?: string; readonly error?: string }): string {
  return `${host.hostname ?? "?"}: ${host.phase ?? "Pending"}${host.error === undefined ? "" : ` (${host.error})`}`;
}

/**
 * Waits until a session is final.
 *
 * @throws Error when it takes longer than `timeoutMs`
 */
export async function followSession(
  client: KubeClient,
  name: string,
  narrator: Narrator,
  timeoutMs: number,
): Promise<BackupSession> {
  const known = new Map<string, string>();
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const session = await client.get(KINDS.BackupSession, "demo", name, parseBackupSession);
    const targets = (session.status?.targets ?? []).map((target) => ({
      name: target.alias ?? target.ref?.name ?? "?",
      phase: target.phase ?? "Pending",
      hosts: (target.stats ?? []).map(formatHost),
    }));
    sayChanges(narrator, known, targets);
    if (isFinalSessionPhase(session.status?.phase)) return session;
    await sleep(POLL_MS);
  }
  throw new Error(`session ${name} did not end within ${timeoutMs / 1_000} s`);
}

/** As followSession, for a RestoreBatch. */
export async function followRestore(
  client: KubeClient,
  name: string,
  narrator: Narrator,
  timeoutMs: number,
): Promise<RestoreBatch> {
  const known = new Map<string, string>();
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const restore = await client.get(KINDS.RestoreBatch, "demo", name, parseRestoreBatch);
    const members = (restore.status?.members ?? []).map((member) => ({
      name: member.alias ?? member.ref.name ?? "?",
      phase: member.phase ?? "Pending",
      hosts: (member.stats ?? []).map(formatHost),
    }));
    sayChanges(narrator, known, members);
    if (isFinalRestorePhase(restore.status?.phase)) return restore;
    await sleep(POLL_MS);
  }
  throw new Error(`restore ${name} did not end within ${timeoutMs / 1_000} s`);
}

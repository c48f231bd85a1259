/** Watches a schedule while its programs are killed: no due time is lost, none is doubled, and each success holds the data. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseBackupSession } from "../shared/api/backup-session.ts";
import { KINDS } from "../shared/api/kinds.ts";
import { valueAt } from "../shared/json/value.ts";
import { asIs } from "../shared/kube/client/interface.ts";
import { isFinalSessionPhase } from "../shared/status/backup-phase.ts";
import { describeTree } from "../tests/support/files/tree.ts";
import type { Repository } from "./_soak-data.ts";
import type { SoakLog } from "./_soak-log.ts";
import { difference } from "./_soak-rounds.ts";
import { persist } from "./_soak-run.ts";
import { SOAK_NAMESPACE, type SoakStage, STILL, STILL_PERIOD_S } from "./_soak-stage.ts";

const LOOK_MS = 3_000;
const MS_PER_S = 1_000;

export interface ScheduleWatch {
  /** Waits until no session is at work, and compares due times with sessions. */
  stop(): Promise<void>;
  counts(): Readonly<Record<string, number>>;
}

export function watchSchedule(stage: SoakStage, repository: Repository, log: SoakLog): ScheduleWatch {
  const { client } = stage.stand;
  const beginS = Math.ceil(Date.now() / MS_PER_S / STILL_PERIOD_S) * STILL_PERIOD_S;
  const seen = new Map<string, string>();
  const duesOf = new Map<number, string>();
  let isOver = false;

  async function look(): Promise<number> {
    const { items } = await persist(() => client.list(KINDS.BackupSession, SOAK_NAMESPACE, parseBackupSession));
    const own = items.filter(({ spec }) => spec.invoker?.name === STILL.name);
    for (const { metadata, spec, status } of own) {
      const { name } = metadata;
      const dueS = Date.parse(spec.dueTime ?? "") / MS_PER_S;
      const other = spec.retryOf === undefined ? duesOf.get(dueS) : undefined;
      if (other !== undefined && other !== name)
        log.find("doubled", { dueTime: spec.dueTime, sessions: [other, name] });
      duesOf.set(dueS, name);
      const phase = isFinalSessionPhase(status?.phase) ? status?.phase : undefined;
      if (phase === undefined || seen.has(name)) continue;
      seen.set(name, phase);
      log.note("scheduled", { session: name, phase, ...(phase === "Succeeded" ? {} : { status }) });
      if (phase === "Succeeded") await compare(name);
    }
    return own.filter(({ status }) => !isFinalSessionPhase(status?.phase)).length;
  }

  async function compare(session: string): Promise<void> {
    const hosts = (await persist(() => repository.savedHosts(SOAK_NAMESPACE))).filter(
      (host) => host.session === session,
    );
    const [snapshot, ...others] = hosts;
    if (others.length > 0) log.find("doubled", { session, hosts });
    if (snapshot === undefined) return log.find("falseSuccess", { session, why: "it has no snapshot" });
    const found = await persist(() => repository.treeOf(snapshot.id, join(stage.scratch, "still-tree")));
    const differences = difference(await describeTree(stage.stillFolder), found);
    if (differences.length > 0) log.find("falseSuccess", { session, differences });
  }

  async function lookForLost(): Promise<void> {
    const invoker = await persist(() => client.get(KINDS.BackupConfiguration, SOAK_NAMESPACE, STILL.name, asIs));
    const missed = Number(valueAt(invoker, "status", "missedRuns") ?? 0);
    // One that is due just now may be made in a moment.
    const endS = Date.now() / MS_PER_S - STILL_PERIOD_S;
    const lost: string[] = [];
    for (let dueS = beginS; dueS < endS; dueS += STILL_PERIOD_S) {
      if (!duesOf.has(dueS)) lost.push(new Date(dueS * MS_PER_S).toISOString());
    }
    log.note("schedule", { seen: seen.size, missed, unseen: lost });
    // What was away for a whole period says so.
    if (lost.length > missed) log.find("lost", { dueTimes: lost, missed });
  }

  const loop = (async () => {
    while (!isOver) {
      await look();
      await sleep(LOOK_MS);
    }
  })();
  loop.catch((error: unknown) => log.note("schedule watch ended", { error: String(error) }));
  return {
    async stop() {
      isOver = true;
      await loop;
      for (
        const deadline = performance.now() + STILL_PERIOD_S * 5 * MS_PER_S;
        (await look()) > 0;
        await sleep(LOOK_MS)
      ) {
        if (performance.now() > deadline) return log.find("stuck", { what: `sessions of ${STILL.name}` });
      }
      await lookForLost();
    },
    counts() {
      const counts: Record<string, number> = {};
      for (const phase of seen.values()) counts[`scheduled${phase}`] = (counts[`scheduled${phase}`] ?? 0) + 1;
      return counts;
    },
  };
}

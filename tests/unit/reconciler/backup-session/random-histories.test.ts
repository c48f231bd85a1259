import fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionStatus } from "../../../../reconciler/backup-session/view.ts";
import {
  anyHistory,
  driveToEnd,
  type History,
  happen,
  startHistory,
} from "../../../support/simulation/session-history.ts";
import type { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const RUNS = 200;
/** A machine that does other things too needs more than the default. */
const TIMEOUT_MS = 60_000;
const RANK: Readonly<Record<string, number>> = { Pending: 0, Running: 1, Succeeded: 2, Failed: 2, Skipped: 2 };

function rankOf(phase: string | undefined): number {
  return RANK[phase ?? "Pending"] ?? Number.NaN;
}

/** Plays a history to its end and looks at every status on the way. */
function play(
  history: History,
  look: (simulation: SessionSimulation, before: SessionStatus, after: SessionStatus) => void,
): SessionSimulation {
  const simulation = startHistory(history);
  const settle = (): void => {
    simulation.settle();
    for (const { before, after } of simulation.passes.splice(0)) look(simulation, before, after);
  };
  settle();
  for (const event of history.events) {
    happen(simulation, event);
    settle();
  }
  driveToEnd(simulation, () => {
    for (const { before, after } of simulation.passes.splice(0)) look(simulation, before, after);
  });
  return simulation;
}

function check(name: string, property: (history: History) => void): void {
  test(name, { timeout: TIMEOUT_MS }, () => {
    fc.assert(fc.property(anyHistory, property), { numRuns: RUNS });
  });
}

check("a session always ends, whatever happens", (history) => {
  const { status } = play(history, () => {});
  expect(rankOf(status.phase)).toBe(2);
});

check("phases of sessions and targets only move forward, and final ones never change", (history) => {
  play(history, (_simulation, before, after) => {
    expect(rankOf(after.phase)).toBeGreaterThanOrEqual(rankOf(before.phase));
    if (rankOf(before.phase) === 2) expect(after.phase).toBe(before.phase);
    for (const [index, target] of (after.targets ?? []).entries()) {
      const old = before.targets?.[index]?.phase;
      expect(rankOf(target.phase)).toBeGreaterThanOrEqual(rankOf(old));
      if (rankOf(old) === 2) expect(target.phase).toBe(old);
    }
  });
});

check("no member of a sequential batch has its turn before all earlier ones are over", (history) => {
  fc.pre(history.isSequential);
  play(history, (_simulation, _before, after) => {
    const targets = after.targets ?? [];
    for (const [index, target] of targets.entries()) {
      if (target.totalHosts === undefined) continue;
      for (const earlier of targets.slice(0, index)) expect(rankOf(earlier.phase)).toBe(2);
    }
  });
});

check("under FailFast no member starts after another failed", (history) => {
  fc.pre(history.isFailFast);
  play(history, (_simulation, before, after) => {
    if (!(before.targets ?? []).some(({ phase }) => phase === "Failed")) return;
    for (const [index, target] of (after.targets ?? []).entries()) {
      const wasStarted = before.targets?.[index]?.totalHosts !== undefined;
      const failedEarlier = (before.targets ?? []).some(
        ({ phase }, at) => phase === "Failed" && (!history.isSequential || at < index),
      );
      if (!wasStarted && failedEarlier) expect(target.totalHosts).toBeUndefined();
    }
  });
});

check("no host is given to a pod after the deadline", (history) => {
  fc.pre(history.isTimed);
  play(history, ({ nowMs }, before, after) => {
    if (nowMs < Date.parse(after.sessionDeadline ?? "")) return;
    for (const [index, target] of (after.targets ?? []).entries()) {
      for (const [at, host] of (target.stats ?? []).entries()) {
        expect(host.podUID ?? "").toBe(before.targets?.[index]?.stats?.[at]?.podUID ?? "");
      }
    }
  });
});

check("L74: every before-hook that started has its after-hook", (history) => {
  const simulation = play(history, () => {});
  const { status } = simulation;
  for (const [index, target] of (status.targets ?? []).entries()) {
    if (((history.members[index]?.hooks ?? 0) & 3) !== 3) continue;
    const hostsWith = (type: string) =>
      new Set((target.hooks ?? []).filter((hook) => hook.type === type).map(({ hostname }) => hostname));
    expect([...hostsWith("postBackup")].sort()).toEqual([...hostsWith("preBackup")].sort());
  }
  if ((history.globalHooks & 3) !== 3) return;
  const types = new Set((status.hooks ?? []).map(({ type }) => type));
  expect(types.has("postBackup")).toBe(types.has("preBackup"));
});

check("no hook is started twice by one process, and none is left open at the end", (history) => {
  const simulation = play(history, () => {});
  const intents = simulation.startedHooks.map(({ key, startedAt }) => `${key} ${startedAt}`);
  expect(new Set(intents).size).toBe(intents.length);
  const all = [...(simulation.status.hooks ?? []), ...(simulation.status.targets ?? []).flatMap((t) => t.hooks ?? [])];
  expect(all.filter(({ phase }) => phase === "Running")).toEqual([]);
});

check(
  "a host succeeds only with a snapshot, a target only with all its hosts, a session only with all its targets",
  (history) => {
    const { status } = play(history, () => {});
    for (const target of status.targets ?? []) {
      if (target.phase !== "Succeeded") continue;
      expect(target.stats?.length).toBe(target.totalHosts);
      for (const host of target.stats ?? []) {
        expect(host.phase).toBe("Succeeded");
        expect(host.snapshots?.[0]?.name).toMatch(/^snapshot-of-/);
      }
    }
    if (status.phase !== "Succeeded") return;
    expect(status.targets?.length).toBeGreaterThan(0);
    for (const { phase } of status.targets ?? []) expect(phase).toBe("Succeeded");
  },
);

check("hosts are neither lost nor doubled, and a host has at most two pods", (history) => {
  play(history, (_simulation, before, after) => {
    for (const [index, target] of (after.targets ?? []).entries()) {
      const names = (target.stats ?? []).map(({ hostname }) => hostname);
      expect(new Set(names).size).toBe(names.length);
      const old = before.targets?.[index]?.stats;
      if (old !== undefined) expect(names.slice(0, old.length)).toEqual(old.map(({ hostname }) => hostname));
      for (const { attempt = 0 } of target.stats ?? []) expect(attempt).toBeLessThanOrEqual(2);
    }
  });
});

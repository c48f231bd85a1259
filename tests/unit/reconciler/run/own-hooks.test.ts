/** Hooks that this process recorded and has not started, or runs: what becomes of them when their work is given up. */
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { decideSession } from "../../../../reconciler/backup-session/decide.ts";
import type { HookRun } from "../../../../reconciler/hooks/plan.ts";
import { HookRunner } from "../../../../reconciler/hooks/runner.ts";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import { Finalizer } from "../../../../shared/contract.ts";
import { ManualClock } from "../../../support/kube/manual-clock.ts";
import { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const DAY_MS = 24 * 3_600_000;
const HOOKS = { preBackup: { exec: { command: ["freeze"] } }, postBackup: { exec: { command: ["thaw"] } } };
const FILES = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "files" };
const WEB = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };

/** A session whose before-hook is recorded. */
function aSession(place: "member" | "global" | "job") {
  const target = place === "job" ? { alias: "files", ref: FILES } : { alias: "web", ref: WEB };
  const member = { target: { ...target, paths: ["/data"] }, ...(place === "job" && { task: { name: "pvc-backup" } }) };
  const batch: BackupBatch = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
    spec: {
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      ...(place === "global" && { hooks: HOOKS }),
      members: [place === "global" ? member : { ...member, hooks: HOOKS }],
    },
  };
  const workloads = [{ kind: "Deployment", namespace: "demo", name: "web", replicas: 1 }];
  const simulation = new SessionSimulation({ batch, workloads });
  simulation.settle();
  const [hook] = simulation.startedHooks;
  if (hook === undefined) throw new Error("no hook was started");
  return { simulation, hook };
}

/** What is done with the hook, which this process has recorded and not started, or has started. */
function fate(simulation: SessionSimulation, hook: HookRun, how: "prepared" | "running") {
  const hookRuns = {
    runner: "this",
    prepared: new Map(how === "prepared" ? [[hook.key, hook.startedAt]] : []),
    running: new Set(how === "running" ? [hook.key] : []),
    finished: new Map(),
  };
  const { actions } = decideSession({ ...simulation.view(), hookRuns }, new Date(simulation.nowMs));
  return actions.flatMap((action) => ("key" in action && action.key === hook.key ? [action.kind] : []));
}

const GIVEN_UP: readonly (readonly [string, (simulation: SessionSimulation) => void])[] = [
  ["the deadline passed", (simulation) => (simulation.nowMs += 2 * DAY_MS)],
  ["a person cancelled it", (simulation) => simulation.cancel()],
  ["its invoker went away", (simulation) => (simulation.batch = undefined)],
  [
    "it was deleted",
    (simulation) => {
      const deletionTimestamp = new Date(simulation.nowMs).toISOString();
      const metadata = { ...simulation.session.metadata, deletionTimestamp, finalizers: [Finalizer.AfterHooks] };
      simulation.session = { ...simulation.session, metadata };
    },
  ],
];

describe("a before-hook that is recorded and has not started", () => {
  test.each(["member", "global", "job"] as const)("D18: of a %s is started while it is wanted", (place) => {
    const { simulation, hook } = aSession(place);
    expect(fate(simulation, hook, "prepared")).toEqual(["StartPrepared"]);
  });

  const cases = GIVEN_UP.flatMap(([why, change]) =>
    (["member", "global", "job"] as const).map((place) => [place, why, change] as const),
  );
  test.each(cases)("D18: of a %s never starts when %s", (place, _why, change) => {
    const { simulation, hook } = aSession(place);
    change(simulation);
    expect(fate(simulation, hook, "prepared")).toEqual(["AbortHook"]);
  });

  test.each(["prepared", "running"] as const)("D18: and is %s ends when its host's job has ended", (how) => {
    const { simulation, hook } = aSession("job");
    simulation.jobs.set(0, { kind: "failed", code: "OUT_OF_MEMORY", message: "ended for lack of memory" });
    expect(fate(simulation, hook, how)).toEqual(["AbortHook"]);
  });
});

describe("the hook runner", () => {
  const { hook } = aSession("member");

  function aRunner() {
    const clock = new ManualClock();
    let started = 0;
    const never = () => Promise.reject(new Error("not called"));
    const exec = async () => {
      started += 1;
      return { end: { kind: "exited", exitCode: 0 } as const, stdout: "", stderr: "" };
    };
    const log = pino({ level: "silent" });
    const runner = new HookRunner({ clock, exec, log, resolvePlace: never, runGlobal: never, explain: never });
    runner.prepare(hook);
    return { clock, runner, started: () => started };
  }

  test("D18: ends a hook that was recorded when it is stopped, and starts it no more", async () => {
    const { clock, runner, started } = aRunner();
    let told = 0;
    runner.abort(hook.key, () => (told += 1));
    runner.start(hook, () => undefined);
    await clock.advance(1_000);
    expect(runner.runs().finished.get(hook.key)).toMatchObject({ phase: "Failed" });
    expect([told, started()]).toEqual([1, 0]);
  });

  test("D6: lets it start within its own time alone", async () => {
    const { clock, runner } = aRunner();
    await clock.advance(hook.timeoutMs - 1_000);
    expect(runner.refuseLate(hook, () => undefined)).toBe(false);
    await clock.advance(2_000);
    expect(runner.refuseLate(hook, () => undefined)).toBe(true);
    expect(runner.runs().finished.get(hook.key)).toMatchObject({ message: "did not start within 300 s" });
  });
});

/** Commands whose request reached nobody, and those that may have run. */
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { HookOutcome, HookRun } from "../../../../reconciler/hooks/plan.ts";
import { isInterrupted, isToRepeat } from "../../../../reconciler/hooks/records.ts";
import { HookRunner } from "../../../../reconciler/hooks/runner.ts";
import type { Clock } from "../../../../shared/clock.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import type { ExecResult, PodExec } from "../../../../shared/kube/exec/pod.ts";

const DONE: ExecResult = { end: { kind: "exited", exitCode: 0 }, stdout: "done", stderr: "" };
const RUN: HookRun = {
  key: "uid/session/0",
  namespace: "demo",
  startedAt: "2024-04-30T02:00:00.000Z",
  handler: { exec: { command: ["thaw"] } },
  place: { namespace: "demo", pod: "web-0", podIp: undefined, container: "app" },
  summary: {
    Name: "nightly-1",
    Namespace: "demo",
    Invoker: { APIGroup: "", Kind: "", Name: "" },
    Target: { APIVersion: "", Kind: "", Name: "", Namespace: "" },
    Status: { Phase: "Succeeded", Duration: "", Error: "" },
    RetryLeft: 0,
  },
  timeoutMs: 60_000,
};

/** Time passes at once: each timer fires in the next turns, the nearest first. */
function aFastClock(): Clock {
  let nowMs = 0;
  const timers: { dueMs: number; task: () => void }[] = [];
  const fire = (): void => {
    timers.sort((a, b) => a.dueMs - b.dueMs);
    const next = timers.shift();
    if (next === undefined) return;
    nowMs = Math.max(nowMs, next.dueMs);
    next.task();
  };
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    after(delayMs, task) {
      const timer = { dueMs: nowMs + delayMs, task };
      timers.push(timer);
      const turn = setTimeout(fire, 1);
      return () => {
        if (timers.includes(timer)) {
          timers.splice(timers.indexOf(timer), 1);
          clearTimeout(turn);
        }
      };
    },
  };
}

function aRunner(exec: PodExec, clock: Clock = aFastClock()): HookRunner {
  return new HookRunner({
    exec,
    resolvePlace: async (place) => place,
    explain: async (_place, error) => error,
    clock,
    log: pino({ level: "silent" }),
    runGlobal: () => Promise.reject(new Error("no global hook was to run")),
  });
}

function outcomeOf(runner: HookRunner, change: Partial<HookRun> = {}): Promise<HookOutcome> {
  return new Promise((done) => {
    runner.start({ ...RUN, ...change }, () => {
      const outcome = runner.runs().finished.get(RUN.key);
      if (outcome !== undefined) done(outcome);
    });
  });
}

function anError(status: number, reason: string, detail: string): KubeError {
  return new KubeError({ action: "exec", status, reason, detail });
}

/** An exec that fails so often before it works, and counts. */
function failing(times: number, error: unknown) {
  const calls = { count: 0 };
  const exec: PodExec = async () => {
    calls.count += 1;
    if (calls.count <= times) throw error;
    return DONE;
  };
  return { exec, calls };
}

const REACHED_NOBODY: readonly (readonly [string, KubeError])[] = [
  ["no connection", anError(0, "NotConnected", "connect ECONNREFUSED 10.0.0.1:443")],
  ["a connection that broke before an answer", anError(0, "AnswerLost", "socket hang up")],
  ["a busy API server", anError(429, "TooManyRequests", "slow down")],
  ["a node that is not reached", anError(500, "InternalError", "error dialing backend: dial tcp: connection refused")],
  ["an API server that starts", anError(503, "ServiceUnavailable", "apiserver not ready")],
  ["a balancer without a server", anError(502, "Http502", "Bad Gateway")],
  ["a balancer that waited", anError(504, "Http504", "Gateway Timeout")],
  ["a kubelet that has just started and knows no pod yet", anError(404, "Http404", "pod does not exist")],
  ["the same on the opened way", anError(200, "CommandNotRun", "pod does not exist")],
  ["a node that is not reached on the opened way", anError(200, "CommandNotRun", "error dialing backend: EOF")],
];

describe("E11: a command whose request reached nobody", () => {
  test.each(REACHED_NOBODY)("is sent again, and runs once: %s", async (_, error) => {
    const { exec, calls } = failing(4, error);
    expect(await outcomeOf(aRunner(exec))).toMatchObject({ phase: "Succeeded", output: "done" });
    expect(calls.count).toBe(5);
  });

  test("is sent no longer than its limit, and the reason is told", async () => {
    const { exec, calls } = failing(
      Number.POSITIVE_INFINITY,
      anError(500, "InternalError", "error dialing backend: x"),
    );
    const outcome = await outcomeOf(aRunner(exec));
    expect(outcome.phase).toBe("Failed");
    expect(outcome.message).toMatch(/^did not end within 60 s: the command never began: .*error dialing backend: x$/);
    expect(calls.count).toBeGreaterThan(10);
    expect(calls.count).toBeLessThan(60);
  });

  test("and whose reconciler stops meanwhile counts as interrupted", async () => {
    const { exec } = failing(Number.POSITIVE_INFINITY, anError(503, "ServiceUnavailable", "x"));
    const runner = aRunner(exec);
    const outcome = outcomeOf(runner);
    runner.stop();
    expect(isInterrupted({ type: "postBackup", ...(await outcome) })).toBe(true);
  });
});

describe("E11: a command that may have run, or never will", () => {
  test.each([
    ["a program that is not there", anError(200, "CommandNotRun", 'exec: "thaw": executable file not found in $PATH')],
    ["a pod that is gone", anError(404, "NotFound", 'pods "web-0" not found')],
    ["missing rights", anError(403, "Forbidden", "no")],
    ["a container that is none", anError(400, "BadRequest", "container app is not valid for pod web-0")],
  ])("is not sent again: %s", async (_, error) => {
    const { exec, calls } = failing(1, error);
    const outcome = await outcomeOf(aRunner(exec));
    expect(outcome).toMatchObject({ phase: "Failed", message: error.message });
    expect(isInterrupted({ type: "postBackup", ...outcome })).toBe(false);
    expect(calls.count).toBe(1);
  });

  test("D6: whose connection broke is not sent again here, and counts as interrupted", async () => {
    const { exec, calls } = failing(1, anError(0, "ConnectionLost", "closed (1006)"));
    const outcome = await outcomeOf(aRunner(exec));
    expect(calls.count).toBe(1);
    expect(outcome.message).toContain("closed (1006)");
    expect(isInterrupted({ type: "postBackup", ...outcome })).toBe(true);
  });

  test("D6: that its own reconciler cut off counts as interrupted", async () => {
    const runner = aRunner(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
          runner.stop();
        }),
    );
    expect(isInterrupted({ type: "postBackup", ...(await outcomeOf(runner)) })).toBe(true);
  });

  test("that fails by itself never counts as interrupted", async () => {
    const exec: PodExec = async () => ({ ...DONE, end: { kind: "exited", exitCode: 1 }, stderr: "interrupted: no" });
    expect(isInterrupted({ type: "postBackup", ...(await outcomeOf(aRunner(exec))) })).toBe(false);
  });
});

describe("D6: a command of an after-hook", () => {
  const AFTER = { beginWithinMs: 600_000, timeoutMs: 10_000 };
  const AWAY = anError(500, "InternalError", "error dialing backend: dial tcp: connection refused");

  test("is tried for as long as it takes to reach its pod, whatever time it may take itself", async () => {
    const { exec, calls } = failing(60, AWAY);
    expect(await outcomeOf(aRunner(exec), AFTER)).toMatchObject({ phase: "Succeeded" });
    expect(calls.count).toBe(61);
  });

  test("that never reaches it ends, and says so", async () => {
    const { exec } = failing(Number.POSITIVE_INFINITY, AWAY);
    const { phase, message } = await outcomeOf(aRunner(exec), AFTER);
    expect(phase).toBe("Failed");
    expect(message).toMatch(/^the command never began: .*connection refused/);
  });

  test("whose pod is gone is owed to the one that took its place; that of a before-hook is not", async () => {
    const gone = anError(404, "NotFound", 'pods "web-0" not found');
    const after = await outcomeOf(aRunner(failing(1, gone).exec), AFTER);
    expect(isToRepeat([{ type: "postBackup", ...after }])).toBe(true);
    const before = await outcomeOf(aRunner(failing(1, gone).exec));
    expect(isToRepeat([{ type: "preBackup", ...before }])).toBe(false);
  });

  test("whose pod is gone is told of only when the watch has had time to tell it too", async () => {
    const clock = aFastClock();
    const runner = aRunner(failing(1, anError(404, "NotFound", 'pods "web-0" not found')).exec, clock);
    await outcomeOf(runner, AFTER);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(2_000);
  });

  test("has its own time once it began", async () => {
    const timesAsked: number[] = [];
    const exec: PodExec = async ({ timeoutMs }) => {
      timesAsked.push(timeoutMs);
      return DONE;
    };
    await outcomeOf(aRunner(exec), AFTER);
    expect(timesAsked).toEqual([10_000]);
  });
});

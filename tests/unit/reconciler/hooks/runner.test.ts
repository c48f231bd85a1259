import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { HookOutcome, HookPlace, HookRun } from "../../../../reconciler/hooks/plan.ts";
import { HookRunner, type HookRunnerPorts } from "../../../../reconciler/hooks/runner.ts";
import type { Handler } from "../../../../shared/api/hooks.ts";
import { systemClock } from "../../../../shared/clock.ts";
import { HookFailure } from "../../../../shared/hooks/failure.ts";
import type { ExecRequest, ExecResult } from "../../../../shared/kube/exec/pod.ts";

const SUMMARY = {
  Name: "nightly-1",
  Namespace: "demo",
  Invoker: { APIGroup: "stash.appscode.com", Kind: "BackupBatch", Name: "nightly" },
  Target: { APIVersion: "", Kind: "", Name: "", Namespace: "" },
  Status: { Phase: "Failed", Duration: "3s", Error: 'no "route"' },
  RetryLeft: 1,
};
const PLACE: HookPlace = { namespace: "demo", pod: "web-0", podIp: "127.0.0.1", container: "app" };

function runHook(
  handler: Handler,
  options: {
    readonly exec?: (request: ExecRequest) => Promise<ExecResult>;
    readonly place?: HookPlace | undefined;
    readonly resolvePlace?: (place: HookPlace) => Promise<HookPlace>;
    readonly explain?: HookRunnerPorts["explain"];
    readonly runGlobal?: (run: HookRun, signal: AbortSignal) => Promise<string>;
    readonly timeoutMs?: number;
  } = {},
): Promise<HookOutcome> {
  const runner = new HookRunner({
    exec: options.exec ?? (() => Promise.reject(new Error("no command was to run"))),
    resolvePlace: options.resolvePlace ?? (async (place) => place),
    explain: options.explain ?? (async (_place, error) => error),
    clock: systemClock,
    log: pino({ level: "silent" }),
    runGlobal: options.runGlobal ?? (() => Promise.reject(new Error("no global hook was to run"))),
  });
  const place = "place" in options ? options.place : PLACE;
  const run: HookRun = {
    key: "uid/session/0",
    startedAt: "2024-04-30T02:00:00.000Z",
    namespace: "demo",
    handler,
    place,
    summary: SUMMARY,
    timeoutMs: options.timeoutMs ?? 5_000,
  };
  return new Promise((done) => {
    runner.start(run, () => {
      const outcome = runner.runs().finished.get(run.key);
      if (outcome !== undefined) done(outcome);
    });
  });
}

function exited(exitCode: number, stdout = "", stderr = ""): ExecResult {
  return { end: { kind: "exited", exitCode }, stdout, stderr };
}

describe("a command", () => {
  test("runs in the container of its place, its arguments rendered", async () => {
    const requests: ExecRequest[] = [];
    const exec = async (request: ExecRequest) => {
      requests.push(request);
      return exited(0, "done");
    };
    const outcome = await runHook({ exec: { command: ["say", "{{ .Status.Phase }} {{ .Name | upper }}"] } }, { exec });
    expect(outcome).toMatchObject({ phase: "Succeeded", output: "done" });
    expect(requests[0]).toMatchObject({ pod: "web-0", container: "app", command: ["say", "Failed NIGHTLY-1"] });
  });

  test.each([0, 3])("that prints a lot and ends with %i is kept with its beginning and its end", async (exitCode) => {
    const stdout = `first${"x".repeat(20_000)}last`;
    const { output } = await runHook({ exec: { command: ["dump"] } }, { exec: async () => exited(exitCode, stdout) });
    expect(output).toMatch(/^firstx+\n\.\.\. \d+ characters left out \.\.\.\nx+last$/);
    expect(output.length).toBeLessThan(8_300);
  });

  test("S1, S2, S3: never runs outside the run's namespace, wherever its place comes from", async () => {
    const requests: ExecRequest[] = [];
    const exec = async (request: ExecRequest) => {
      requests.push(request);
      return exited(0, "pwned");
    };
    const foreign: HookPlace = { ...PLACE, namespace: "victim", pod: "bank-0" };
    const direct = await runHook({ exec: { command: ["id"] } }, { exec, place: foreign });
    const options = { exec, place: { ...PLACE, behindApp: "db" }, resolvePlace: async () => foreign };
    const behind = await runHook({ exec: { command: ["id"] } }, options);
    for (const outcome of [direct, behind]) {
      expect(outcome).toMatchObject({ phase: "Failed", output: "" });
      expect(outcome.message).toMatch(/^OUTSIDE_NAMESPACE: .*namespace victim.*\(next: /);
    }
    expect(requests).toEqual([]);
  });

  test("that exits with another code than 0 fails with its words", async () => {
    const outcome = await runHook({ exec: { command: ["x"] } }, { exec: async () => exited(3, "", "device busy") });
    expect(outcome).toMatchObject({ phase: "Failed", message: "exit code 3: device busy", output: "device busy" });
  });

  test("that does not end in time fails", async () => {
    const exec = async (): Promise<ExecResult> => ({ end: { kind: "timedOut" }, stdout: "half", stderr: "" });
    const outcome = await runHook({ exec: { command: ["x"] } }, { exec });
    expect(outcome).toMatchObject({ phase: "Failed", output: "half" });
    expect(outcome.message).toMatch(/^did not end within 5 s/);
  });

  test("E4: that can't be sent fails with what is told of it, in the place where it was to run", async () => {
    const told: unknown[] = [];
    const options = {
      exec: () => Promise.reject(new Error("no such container")),
      place: { ...PLACE, behindApp: "db" },
      resolvePlace: async (place: HookPlace) => ({ ...place, pod: "db-0", container: "srv" }),
      explain: async ({ pod, container }: HookPlace, error: unknown) => {
        told.push([pod, container, error]);
        return new Error("it has app, stash");
      },
    };
    const outcome = await runHook({ exec: { command: ["x"] }, containerName: "srv" }, options);
    expect(outcome).toMatchObject({ phase: "Failed", message: "it has app, stash" });
    expect(told).toEqual([["db-0", "srv", new Error("no such container")]]);
  });

  test("whose template is broken fails and says where", async () => {
    const outcome = await runHook({ exec: { command: ["{{ .Nope | nothing }}"] } });
    expect(outcome.phase).toBe("Failed");
    expect(outcome.message).toContain("nothing");
  });
});

describe("a global hook", () => {
  test("S5: runs where its job is made, and never by an exec or a call of this process", async () => {
    const runs: HookRun[] = [];
    const runGlobal = async (run: HookRun) => {
      runs.push(run);
      return "done";
    };
    const handler: Handler = { exec: { command: ["id"] }, httpGet: { port: 1, host: "127.0.0.1" } };
    expect(await runHook(handler, { place: undefined, runGlobal })).toMatchObject({
      phase: "Succeeded",
      output: "done",
    });
    expect(runs.map((run) => run.handler)).toEqual([handler]);
  });

  test("that fails keeps what it printed, and one that takes too long is cut off", async () => {
    const runGlobal = () => Promise.reject(new HookFailure("exit code 3", "half"));
    expect(await runHook({ exec: { command: ["x"] } }, { place: undefined, runGlobal })).toMatchObject({
      phase: "Failed",
      message: "exit code 3",
      output: "half",
    });
    const never = (_run: HookRun, signal: AbortSignal) =>
      new Promise<string>((_done, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
    const late = await runHook({ exec: { command: ["x"] } }, { place: undefined, runGlobal: never, timeoutMs: 50 });
    expect(late.message).toMatch(/^did not end within/);
  });
});

import { describe, expect, test } from "vitest";
import type { AgentApi, ApiAnswer } from "../../../../agent/kube/api.ts";
import { createRunReporter, statusPatch } from "../../../../agent/report/run-reporter.ts";
import { UserError } from "../../../../shared/errors.ts";
import { listAt, textAt } from "../../../../shared/json/value.ts";

const RUN = { metadata: { name: "nightly-1-abc", namespace: "demo", uid: "uid-run" } };
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function fieldsIn(patch: object): readonly (readonly [string, unknown])[] {
  const status: unknown = Reflect.get(patch, "status");
  return typeof status === "object" && status !== null ? Object.entries(status) : [];
}

/** An API server with one host run, which merges patches and answers as it is told to. */
function aServer(answers: readonly ApiAnswer["kind"][] = [], uid = "uid-run") {
  const status = new Map<string, unknown>();
  const left = [...answers];
  const requests: object[] = [];
  const error = new UserError("API_UNAVAILABLE", "down");
  function answerOf(kind: ApiAnswer["kind"]): ApiAnswer {
    if (kind === "ok") return { kind, object: { metadata: { uid } } };
    return kind === "failed" ? { kind, error } : { kind, message: "no" };
  }
  const api: Pick<AgentApi, "get" | "patchStatus"> = {
    get: async () => answerOf("ok"),
    async patchStatus(_object, patch) {
      requests.push(patch);
      const kind = left.shift() ?? "ok";
      if (kind !== "ok") return answerOf(kind);
      if (JSON.stringify(Reflect.get(patch, "metadata")) !== JSON.stringify({ uid })) return answerOf("rejected");
      for (const [field, value] of fieldsIn(patch)) {
        if (value === null) status.delete(field);
        else status.set(field, value);
      }
      return answerOf("ok");
    },
  };
  const identity = { host: "", port: 0, namespace: "demo", ca: () => "", token: () => "" };
  return { api: { ...api, identity, create: async () => answerOf("gone") }, status, requests };
}

const readCondition = (one: unknown) =>
  [textAt(one, "type"), [textAt(one, "status"), textAt(one, "reason"), textAt(one, "lastTransitionTime")]] as const;

const reporterOn = (server: ReturnType<typeof aServer>) => createRunReporter(RUN, { api: server.api, log: SILENT });

describe("a report", () => {
  test("is a merge into the status of the very host run", () => {
    expect(statusPatch("uid-run", { phase: "Running" })).toEqual({
      metadata: { uid: "uid-run" },
      status: { phase: "Running" },
    });
  });

  test("removes a field whether it was there or not", async () => {
    const server = aServer();
    server.status.set("error", "old");
    const reporter = reporterOn(server);
    reporter.set({ error: "", reason: undefined });
    expect(await reporter.flush()).toBe(true);
    expect([...server.status.keys()]).toEqual([]);
  });

  test("sends what was set in the meantime together, the last value of a field", async () => {
    const server = aServer();
    const reporter = reporterOn(server);
    for (let percent = 0; percent < 50; percent++) reporter.set({ progress: { percent } });
    reporter.set({ phase: "Succeeded" });
    await reporter.flush();
    expect(server.requests.length).toBeLessThanOrEqual(2);
    expect(Object.fromEntries(server.status)).toMatchObject({ phase: "Succeeded", progress: { percent: 49 } });
  });

  test("is repeated while the API server is away, and loses nothing", async () => {
    const server = aServer(["failed", "failed"]);
    const reporter = reporterOn(server);
    reporter.set({ phase: "Succeeded" });
    reporter.set({ snapshots: [{ name: "abc" }] });
    expect(await reporter.flush()).toBe(true);
    expect(Object.fromEntries(server.status)).toMatchObject({ phase: "Succeeded", snapshots: [{ name: "abc" }] });
  });

  test("tells with the phase what tools read, and when that changed", async () => {
    const server = aServer();
    let time = "2026-01-01T00:00:00Z";
    const reporter = createRunReporter(RUN, { api: server.api, log: SILENT, now: () => new Date(time) });
    const told = () => Object.fromEntries(listAt(Object.fromEntries(server.status), "conditions").map(readCondition));
    reporter.set({ phase: "Running" });
    await reporter.flush();
    expect(told()).toEqual({
      Ready: ["False", "RunRunning", time],
      Reconciling: ["True", "RunRunning", time],
      Stalled: ["False", "RunRunning", time],
    });
    const began = time;
    time = "2026-01-01T00:05:00Z";
    reporter.set({ progress: { percent: 5 } });
    reporter.set({ phase: "Failed", error: "disk full" });
    await reporter.flush();
    expect(told()).toEqual({
      Ready: ["False", "RunFailed", began],
      Reconciling: ["False", "RunFailed", time],
      Stalled: ["True", "RunFailed", time],
    });
  });

  test("ends when the host run is gone", async () => {
    const reporter = reporterOn(aServer(["gone"]));
    reporter.set({ phase: "Succeeded" });
    expect(await reporter.flush()).toBe(false);
    expect(reporter.lost.aborted).toBe(true);
  });

  test("ends when another host run has the name", async () => {
    const server = aServer([], "uid-other");
    const reporter = reporterOn(server);
    reporter.set({ phase: "Succeeded" });
    expect(await reporter.flush()).toBe(false);
    expect(server.status.has("phase")).toBe(false);
  });

  test("D20: that the API server refuses for its content or size is sent once more with what counts", async () => {
    const server = aServer(["rejected"]);
    const reporter = reporterOn(server);
    const snapshot = { name: "abc", path: "/data", unreadableFiles: 21, sizeBytes: 5 };
    reporter.set({
      phase: "Failed",
      error: "e".repeat(9_000),
      unreadableFiles: 21,
      snapshots: [{ ...snapshot, totalSize: "5 B", fileStats: { totalFiles: 1 } }],
      restored: [{ id: "def", path: "/x", files: 3 }],
      verified: { files: 1 },
      hooks: [{ type: "postBackup", output: "o".repeat(9_000) }],
    });
    expect(await reporter.flush()).toBe(true);
    expect(Object.fromEntries(server.status)).toMatchObject({
      phase: "Failed",
      error: `${"e".repeat(999)}…`,
      // What was not read, and which snapshots there are, no verdict can do without.
      unreadableFiles: 21,
      snapshots: [snapshot],
      restored: [{ id: "def", path: "/x", files: 3 }],
      verified: { files: 1 },
    });
    expect(server.status.get("snapshots")).toEqual([snapshot]);
    expect(server.status.has("hooks")).toBe(false);
    expect(server.status.get("warnings")).toEqual(["the API server refused the full report: no"]);
  });

  test("E1: with more warnings, or longer ones, than a host run may have is cut before it is sent", async () => {
    const server = aServer([]);
    const reporter = reporterOn(server);
    const warnings = Array.from({ length: 1_008 }, (_, at) => `/data/${at} ${"x".repeat(70_000)}`);
    reporter.set({ phase: "Succeeded", unreadableFiles: 1_008, warnings });
    expect(await reporter.flush()).toBe(true);
    const told = server.status.get("warnings");
    expect(told).toHaveLength(200);
    expect(told).toEqual(expect.arrayContaining([expect.stringMatching(/^\/data\/198 x{900}/), "809 more warnings"]));
    expect(JSON.stringify(told).length).toBeLessThan(250_000);
    expect(server.status.get("unreadableFiles")).toBe(1_008);
  });

  test("that is refused even so is an error, so that the process does not believe it was stored", async () => {
    const reporter = reporterOn(aServer(["rejected", "rejected"]));
    reporter.set({ phase: "Failed" });
    await expect(reporter.flush()).rejects.toMatchObject({ code: "INTERNAL" });
  });
});

import { describe, expect, test } from "vitest";
import type { AgentApi, ApiAnswer, PatchOperation } from "../../../../agent/kube/api.ts";
import { createEntryReporter, entryPatch } from "../../../../agent/report/entry-reporter.ts";
import { UserError } from "../../../../shared/errors.ts";

const ADDRESS = {
  object: { kind: "BackupSession", namespace: "demo", name: "s" },
  objectUid: "uid-s",
  pointer: "/status/targets/0/stats/1",
  hostname: "host-0",
  podUid: "uid-1",
} as const;
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** An API server with one entry, which applies patches and answers as it is told to. */
function aServer(answers: readonly ApiAnswer["kind"][] = []) {
  const entry = new Map<string, unknown>([
    ["hostname", "host-0"],
    ["podUID", "uid-1"],
  ]);
  const left = [...answers];
  const requests: (readonly PatchOperation[])[] = [];
  const error = new UserError("API_UNAVAILABLE", "down");
  function answerOf(kind: ApiAnswer["kind"]): ApiAnswer {
    if (kind === "ok") return { kind, object: {} };
    return kind === "failed" ? { kind, error } : { kind, message: "no" };
  }
  const api: Pick<AgentApi, "get" | "patchStatus"> = {
    get: async () => ({ kind: "ok", object: {} }),
    async patchStatus(_object, operations) {
      requests.push(operations);
      const kind = left.shift() ?? "ok";
      if (kind !== "ok") return answerOf(kind);
      for (const { op, path, value } of operations) {
        const field = path.slice(ADDRESS.pointer.length + 1);
        if (op === "test" && entry.get(field) !== value) return answerOf("rejected");
        if (op === "add") entry.set(field, value);
        if (op === "remove") entry.delete(field);
      }
      return answerOf("ok");
    },
  };
  const identity = { host: "", port: 0, namespace: "demo", ca: () => "", token: () => "" };
  return { api: { ...api, identity, create: async () => answerOf("gone") }, entry, requests };
}

const reporterOn = (server: ReturnType<typeof aServer>, isOurs = true) =>
  createEntryReporter(ADDRESS, { api: server.api, log: SILENT, isStillOurs: () => isOurs });

describe("a report", () => {
  test("is a patch that first tests host and pod", () => {
    expect(entryPatch(ADDRESS, { phase: "Running" })).toEqual([
      { op: "test", path: "/status/targets/0/stats/1/hostname", value: "host-0" },
      { op: "test", path: "/status/targets/0/stats/1/podUID", value: "uid-1" },
      { op: "add", path: "/status/targets/0/stats/1/phase", value: "Running" },
    ]);
  });

  test.each(["R&D", "a<b", "a>b", "tab\there", "line\u2028end"])(
    "E1: never tests a text that API servers spell differently: %j",
    (hostname) => {
      const [guard, ...rest] = entryPatch({ ...ADDRESS, hostname }, { error: "a & b" });
      expect(guard).toEqual({ op: "test", path: "/metadata/uid", value: "uid-s" });
      const tested = rest.filter(({ op }) => op === "test");
      expect(tested).toEqual([{ op: "test", path: "/status/targets/0/stats/1/podUID", value: "uid-1" }]);
    },
  );

  test("removes a field whether it was there or not", async () => {
    const server = aServer();
    server.entry.set("error", "old");
    const reporter = reporterOn(server);
    reporter.set({ error: "", reason: undefined });
    expect(await reporter.flush()).toBe(true);
    expect(server.entry.has("error")).toBe(false);
    expect(server.entry.has("reason")).toBe(false);
  });

  test("sends what was set in the meantime together, the last value of a field", async () => {
    const server = aServer();
    const reporter = reporterOn(server);
    for (let percent = 0; percent < 50; percent++) reporter.set({ progress: { percent } });
    reporter.set({ phase: "Succeeded" });
    await reporter.flush();
    expect(server.requests.length).toBeLessThanOrEqual(2);
    expect(Object.fromEntries(server.entry)).toMatchObject({ phase: "Succeeded", progress: { percent: 49 } });
  });

  test("is repeated while the API server is away, and loses nothing", async () => {
    const server = aServer(["failed", "failed"]);
    const reporter = reporterOn(server);
    reporter.set({ phase: "Succeeded" });
    reporter.set({ snapshots: [{ name: "abc" }] });
    expect(await reporter.flush()).toBe(true);
    expect(Object.fromEntries(server.entry)).toMatchObject({ phase: "Succeeded", snapshots: [{ name: "abc" }] });
  });

  test("ends when the object is gone", async () => {
    const reporter = reporterOn(aServer(["gone"]));
    reporter.set({ phase: "Succeeded" });
    expect(await reporter.flush()).toBe(false);
    expect(reporter.lost.aborted).toBe(true);
  });

  test("ends when the entry was given to another pod", async () => {
    const server = aServer();
    server.entry.set("podUID", "uid-2");
    const reporter = reporterOn(server, false);
    reporter.set({ phase: "Succeeded" });
    expect(await reporter.flush()).toBe(false);
    expect(server.entry.has("phase")).toBe(false);
  });

  test("that the API server refuses for its content is sent once more with what counts", async () => {
    const server = aServer(["rejected"]);
    const reporter = reporterOn(server);
    reporter.set({ phase: "Failed", error: "why", snapshots: [{ name: "abc" }] });
    expect(await reporter.flush()).toBe(true);
    expect(Object.fromEntries(server.entry)).toMatchObject({ phase: "Failed", error: "why" });
    expect(server.entry.has("snapshots")).toBe(false);
    expect(server.entry.get("warnings")).toEqual(["the API server refused the full report: no"]);
  });

  test("that is refused even so is an error, so that the process does not believe it was stored", async () => {
    const reporter = reporterOn(aServer(["rejected", "rejected"]));
    reporter.set({ phase: "Failed" });
    await expect(reporter.flush()).rejects.toMatchObject({ code: "INTERNAL" });
  });
});

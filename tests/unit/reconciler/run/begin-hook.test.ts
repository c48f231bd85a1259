import { pino } from "pino";
import { expect, test } from "vitest";
import { readOwed } from "../../../../reconciler/hooks/owed.ts";
import type { HookRun } from "../../../../reconciler/hooks/plan.ts";
import { HookRunner } from "../../../../reconciler/hooks/runner.ts";
import { JobMaker } from "../../../../reconciler/jobs/maker.ts";
import type { RestoreMemory } from "../../../../reconciler/restore/gather.ts";
import { RESTORE_KIND } from "../../../../reconciler/restore/kind.ts";
import type { RestoreObject } from "../../../../reconciler/restore/status.ts";
import { beginHook } from "../../../../reconciler/run/begin-hook.ts";
import { RunMemories } from "../../../../reconciler/run/memory.ts";
import { NOTHING_RECORDED } from "../../../../reconciler/run/records.ts";
import { parseHostRun } from "../../../../shared/api/host-run.ts";
import { systemClock } from "../../../../shared/clock.ts";
import { Finalizer } from "../../../../shared/contract.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { FakeApi } from "../fake-api.ts";
import { aRestore } from "./known-restores.ts";

const HOOK: HookRun = {
  key: "uid-back/targets/0/0",
  startedAt: "2024-04-30T02:00:00.000Z",
  namespace: "demo",
  handler: { exec: { command: ["freeze"] } },
  place: { namespace: "demo", pod: "job-x", podIp: undefined, container: undefined, behindApp: "db" },
  summary: {
    Name: "back",
    Namespace: "demo",
    Invoker: { APIGroup: "", Kind: "", Name: "" },
    Target: { APIVersion: "", Kind: "", Name: "", Namespace: "" },
    Status: { Phase: "Succeeded", Duration: "", Error: "" },
    RetryLeft: 0,
  },
  timeoutMs: 5_000,
  owes: {
    target: "AppBinding/demo/db#",
    hostname: "host-0",
    podUID: "uid-job",
    after: { exec: { command: ["thaw"] } },
    afterPolicy: "Always",
  },
};

/** A restore in a cluster; the hook, when it runs, tells what stood in the cluster then. */
function aStage(change: Partial<FakeApi["client"]> = {}) {
  const api = new FakeApi();
  const restore = aRestore("back");
  api.put("restorebatches", { ...restore });
  const log = pino({ level: "silent" });
  const seen: unknown[] = [];
  const hooks = new HookRunner({
    exec: async ({ pod }) => {
      const object = api.get("restorebatches", "demo", "back");
      seen.push({ pod, object, kept: api.names("hostruns").length });
      return { end: { kind: "exited", exitCode: 0 }, stdout: "", stderr: "" };
    },
    resolvePlace: async (place) => ({
      ...place,
      pod: "db-1",
      container: "db",
      ranIn: { pod: "db-1", uid: "uid-db-1" },
    }),
    explain: async (_place, error) => error,
    runGlobal: () => Promise.reject(new Error("no global hook was to run")),
    clock: systemClock,
    log,
  });
  const memories = new RunMemories<RestoreObject, RestoreMemory>(() => ({ askedAtMs: new Map(), refusals: new Map() }));
  const settings = { image: "stash-batch:test", nativeSidecar: false, followsImage: false };
  const begin = () =>
    new Promise<void>((done, fail) => {
      const ports = {
        client: { ...api.client, patchStatus: api.client.patch, ...change },
        hooks,
        jobs: new JobMaker({ client: api.client, settings, log }),
        clock: systemClock,
        monotonicMs: 0,
        events: { record: () => undefined },
        memories,
        recorded: NOTHING_RECORDED,
        log,
        wake: done,
        signal: new AbortController().signal,
      };
      beginHook(RESTORE_KIND, ports, "RestoreBatch/demo/back", restore, HOOK).catch(fail);
    });
  const outcome = () => hooks.runs().finished.get(HOOK.key);
  return { api, begin, outcome, seen };
}

test("D17, D18: before it starts its run is held, and what it owes is kept with the pod in which it runs", async () => {
  const { api, begin, outcome, seen } = aStage();
  await begin();
  expect(outcome()?.phase).toBe("Succeeded");
  expect(seen).toMatchObject([{ pod: "db-1", object: { metadata: { finalizers: [Finalizer.AfterHooks] } }, kept: 1 }]);
  const runs = api.names("hostruns").map((name) => parseHostRun(api.get("hostruns", "demo", name.slice(5))));
  expect(readOwed(new Map(runs.map((run) => [run.metadata.name, run])))).toEqual([
    {
      target: "AppBinding/demo/db#",
      hostname: "host-0",
      podUID: "uid-job",
      pod: "job-x",
      behindApp: "db",
      ranIn: { pod: "db-1", uid: "uid-db-1" },
      after: { exec: { command: ["thaw"] } },
      afterPolicy: "Always",
    },
  ]);
});

test.each([
  ["the run is being deleted", 422, "Invalid", "no new finalizers can be added if the object is being deleted"],
  ["the run is gone", 404, "NotFound", "not found"],
])("D18: it does not start where %s", async (_what, status, reason, detail) => {
  const error = new KubeError({ action: "patch", status, reason, detail });
  const { begin, outcome, seen } = aStage({ patch: () => Promise.reject(error) });
  await begin();
  expect(seen).toEqual([]);
  expect(outcome()).toMatchObject({ phase: "Failed", message: expect.stringContaining(detail) });
});

test("D6: while the API server is away it has not started, and a later look starts it", async () => {
  const error = new KubeError({ action: "create", status: 0, reason: "NotConnected", detail: "ECONNREFUSED" });
  const { begin, outcome, seen } = aStage({ create: () => Promise.reject(error) });
  await expect(begin()).rejects.toThrow("ECONNREFUSED");
  expect(seen).toEqual([]);
  expect(outcome()).toBeUndefined();
});

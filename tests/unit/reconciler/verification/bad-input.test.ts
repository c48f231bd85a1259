/** What drills meet that can't go on: each ends, with words that say why. */
import { expect, test } from "vitest";
import { decideDrill } from "../../../../reconciler/verification/decide.ts";
import { whyNoRoom } from "../../../../reconciler/verification/room.ts";
import { withScript } from "../../../../reconciler/verification/script-result.ts";
import type { DrillView } from "../../../../reconciler/verification/view.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { FakeApi } from "../fake-api.ts";
import { aDrill, aVerifier } from "./builders.ts";

const NOW = new Date("2026-05-02T00:10:00Z");
const signal = new AbortController().signal;

const begun = (status: object = {}) =>
  aDrill({
    status: {
      phase: "Running",
      step: "Starting",
      invoker: { kind: "BackupBatch", name: "app" },
      startTime: "2026-05-02T00:00:00Z",
      stepStartTime: "2026-05-02T00:00:00Z",
      deadline: "2026-05-02T01:00:00Z",
      members: [{ alias: "db", kind: "AppBinding", phase: "Pending" }],
      servers: [
        {
          name: "drill-db-0",
          member: "db",
          host: "db",
          type: "mysql",
          image: "mysql:8",
          port: 3306,
          user: "root",
          size: "1024Mi",
          snapshots: [],
        },
      ],
      ...status,
    },
  });

const view = (facts: Partial<DrillView>): DrillView => ({
  drill: begun(),
  verifier: aVerifier(),
  invoker: undefined,
  repository: undefined,
  sessions: [],
  earlier: undefined,
  restore: undefined,
  batch: undefined,
  verifyJob: undefined,
  scriptJob: undefined,
  serverJobs: new Map(),
  hostRuns: [],
  problem: undefined,
  sinceTryMs: undefined,
  podWaitMs: 60_000,
  ...facts,
});

const job = (outcome: NonNullable<DrillView["scriptJob"]>["outcome"]) => ({
  name: "drill-db-0",
  namespace: "demo",
  uid: "uid-job",
  outcome,
  completeForMs: 0,
  pod: undefined,
});

test("without a default StorageClass a drill is told to name one", async () => {
  const api = new FakeApi();
  const volumes = [{ claim: "drill-0", size: "1024Mi" }];
  expect(await whyNoRoom(api.client, aDrill(), volumes, undefined, signal)).toMatch(
    /no default StorageClass \(next: name one in spec\.storage\.storageClassName\)/,
  );
  expect(await whyNoRoom(api.client, aDrill(), volumes, { storageClassName: "fast" }, signal)).toBeUndefined();
});

test("claims of which each fits into a quota, and not all of them, have no room", async () => {
  const api = new FakeApi();
  const asked: string[] = [];
  const client: Parameters<typeof whyNoRoom>[0] = {
    ...api.client,
    create: async (resource, namespace, body, parse, options) => {
      const size = /"storage":"(\d+)Mi"/.exec(JSON.stringify(body))?.[1] ?? "";
      asked.push(size);
      expect(options?.dryRun).toBe(true);
      if (Number(size) > 2_500) {
        const detail = "exceeded quota: all, requested: requests.storage=3Gi, used: 0, limited: 2500Mi";
        throw new KubeError({ action: "create claims", status: 403, reason: "Forbidden", detail });
      }
      return api.client.create(resource, namespace, body, parse);
    },
  };
  const volumes = [0, 1, 2].map((at) => ({ claim: `drill-${at}`, size: "1024Mi" }));
  const storage = { storageClassName: "fast" };
  expect(await whyNoRoom(client, aDrill(), volumes, storage, signal)).toContain("exceeded quota: all");
  expect(asked).toEqual(["1024", "1024", "1024", "3072"]);
});

test("a server whose claim never binds ends the drill, with the scheduler's words", () => {
  const message = "pod x: pod has unbound immediate PersistentVolumeClaims";
  const starting = { kind: "starting", code: "CONTAINER_NOT_STARTED", message, sinceMs: 0 } as const;
  const decision = decideDrill(view({ serverJobs: new Map([["drill-db-0", job(starting)]]) }), NOW);
  expect(decision).toMatchObject({
    kind: "tell",
    status: { step: "Cleaning", outcome: "Failed", message: expect.stringContaining(message) },
  });
});

test("a quota that is full in the middle skips a drill, whatever was to be made", () => {
  const problem = { code: "DRILL_NO_ROOM", message: "exceeded quota: all" } as const;
  const withoutPod = { kind: "starting", code: "EXECUTOR_LOST", message: "no pod", sinceMs: NOW.getTime() } as const;
  const server = { ...job({ kind: "running" }), pod: { name: "p", uid: "p", ip: "10.0.0.5" } };
  const waiting = new Map([["drill-db-0", job(withoutPod)]]);
  const running = new Map([["drill-db-0", server]]);
  for (const facts of [
    { serverJobs: waiting, problem },
    { drill: begun({ step: "Verifying" }), serverJobs: running, verifyJob: job(withoutPod), problem },
    { drill: begun({ step: "Scripting" }), serverJobs: running, scriptJob: job(withoutPod), problem },
  ]) {
    expect(decideDrill(view(facts), NOW)).toMatchObject({
      kind: "tell",
      status: { outcome: "Skipped", reason: "DRILL_NO_ROOM", message: "exceeded quota: all" },
    });
  }
});

test("the second of two verifiers at once waits, and is skipped when its turn does not come", () => {
  const waiting = view({ drill: aDrill(), earlier: "other-1" });
  const decision = decideDrill(waiting, NOW);
  expect(decision).toMatchObject({
    kind: "tell",
    status: { phase: "Pending", message: "drill other-1 of the same invoker comes first" },
  });
  if (decision.kind !== "tell") throw new Error(decision.kind);
  const late = view({ drill: aDrill({ status: decision.status }), earlier: "other-1" });
  expect(decideDrill(late, new Date("2026-05-02T01:00:01Z"))).toMatchObject({
    status: { phase: "Skipped", reason: "DRILL_GAVE_WAY", message: expect.stringContaining("other-1") },
  });
});

test("a script that never ends fails at the deadline of its job, which ends all that it began", () => {
  const outcome = { kind: "failed", code: "DEADLINE_EXCEEDED", message: "the job took too long" } as const;
  const drill = begun({ step: "Scripting" });
  const end = withScript(drill, drill.status ?? {}, { exitCode: undefined, output: "forking" }, outcome, NOW);
  expect(end).toMatchObject({ outcome: "Failed", reason: "DEADLINE_EXCEEDED", script: { output: "forking" } });
  expect(end.message).toContain("the job took too long");
});

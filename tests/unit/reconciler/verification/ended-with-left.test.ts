import { expect, test } from "vitest";
import { actOnDrill, type DrillActPorts } from "../../../../reconciler/verification/act.ts";
import { drillMetadata } from "../../../../reconciler/verification/objects.ts";
import { endedWithLeft } from "../../../../reconciler/verification/status.ts";
import { createLogger } from "../../../../shared/log.ts";
import { FakeApi } from "../fake-api.ts";
import { aDrill } from "./builders.ts";

const BEGUN = "2026-05-02T00:00:00Z";
const after = (minutes: number) => new Date(Date.parse(BEGUN) + minutes * 60_000);
const status = { phase: "Failed", message: "a file is missing", stepStartTime: BEGUN } as const;

const EMPTY = {
  invoker: undefined,
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
};

test("what a drill made may stay for ten minutes; then the drill ends, and says what is left", () => {
  expect(endedWithLeft(status, ["claim a"], after(9))).toBeUndefined();
  const end = endedWithLeft(status, ["claim a", "claim b", "jobs c", "claim d"], after(10));
  expect(end).toMatchObject({ phase: "Failed" });
  expect(end?.message).toMatch(
    /^a file is missing; still there after 10 minutes: claim a, claim b, jobs c and 1 more \(next: /,
  );
});

test("a claim that somebody's pod holds keeps a drill from its end for so long and no longer", async () => {
  const api = new FakeApi();
  const drill = { ...aDrill(), status: { ...status, phase: "Running", step: "Cleaning", outcome: "Failed" } } as const;
  const held = { ...drillMetadata(drill, "held"), uid: "uid-held" };
  api.put("persistentvolumeclaims", { metadata: held });
  api.put("backupverificationsessions", JSON.parse(JSON.stringify(drill)));
  const ports = (minutes: number): DrillActPorts => ({
    client: {
      ...api.client,
      read: async () => "",
      patchStatus: api.client.patch,
      // As a claim that a pod has: it is going, and stays.
      delete: async () => true,
    },
    settings: { image: "stash:1", nativeSidecar: false, followsImage: false },
    log: createLogger("reconciler", "error"),
    signal: new AbortController().signal,
    now: after(minutes),
    evidence: { product: "1.0.0", readKey: () => undefined },
    cluster: "of-tests",
  });
  const view = { drill, verifier: undefined, repository: undefined };
  const look = (minutes: number) =>
    // What is looked at of a drill that is cleaning.
    actOnDrill(ports(minutes), { ...EMPTY, ...view }, { kind: "clean-up", status: { ...status } });
  expect(await look(5)).toEqual({ againMs: 1_000 });
  const { written } = await look(11);
  expect(written).toMatchObject({ phase: "Failed" });
  expect(written?.message).toContain("claim held");
});

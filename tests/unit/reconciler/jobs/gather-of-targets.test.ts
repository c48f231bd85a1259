/** Which Jobs and pods count as a run's own. */
import { describe, expect, test } from "vitest";
import { gatherTargetJobs, jobTargets } from "../../../../reconciler/jobs/gather-of-targets.ts";
import { type JobFact, type JobPodFact, readJob, readJobPod } from "../../../../reconciler/jobs/object.ts";
import { gatherPointSearch } from "../../../../reconciler/jobs/point-search.ts";
import { createWorld } from "../../../../reconciler/world/informers.ts";
import { aBackup, DB_REF, PVC_REF } from "./builders.ts";

const STASH = "stash.appscode.com";
const SESSION = { apiVersion: `${STASH}/v1beta1`, kind: "BackupSession", name: "s", uid: "session", controller: true };
const LABELS = { [`${STASH}/job-owner`]: "session", [`${STASH}/job-target`]: "0" };

function rawJob(namespace: string, ownerReferences: readonly object[], uid = "job") {
  const annotations = { [`${STASH}/job-host`]: "host-0" };
  return { metadata: { name: "j", namespace, uid, labels: LABELS, annotations, ownerReferences } };
}

function rawPod(namespace: string, owner: object | undefined, annotations: object = {}) {
  return {
    metadata: {
      name: "p",
      namespace,
      uid: `pod-${namespace}`,
      labels: LABELS,
      annotations,
      ownerReferences: owner ? [owner] : [],
    },
    spec: { containers: [{ name: "main" }] },
    status: { phase: "Running", containerStatuses: [{ name: "main", state: { running: {} } }] },
  };
}

const JOB = { apiVersion: "batch/v1", kind: "Job", name: "j", uid: "job", controller: true };

const empty = createWorld({
  client: { listPages: () => (async function* () {})(), watch: () => (async function* () {})() },
  onProblem: () => undefined,
  onFail: () => undefined,
});

function worldOf(jobs: readonly unknown[], pods: readonly unknown[]) {
  const known = jobs.map(readJob).filter((job): job is JobFact => job !== undefined);
  const seen = pods.map(readJobPod).filter((pod): pod is JobPodFact => pod !== undefined);
  return {
    jobs: {
      ...empty.jobs,
      byIndex: (_index: "owner", uid: string) => known.filter(({ ownerUid }) => ownerUid === uid),
    },
    jobPods: { ...empty.jobPods, byIndex: (_index: "job", uid: string) => seen.filter(({ jobUid }) => jobUid === uid) },
  };
}

const OWNER = { namespace: "demo", uid: "session" };

function gathered(jobs: readonly unknown[], pods: readonly unknown[] = [], ref: object = PVC_REF) {
  const targets = jobTargets(undefined, [aBackup({ target: { ref } }).member], "demo");
  return gatherTargetJobs(worldOf(jobs, pods), OWNER, targets, new Map());
}

describe("a run's own Job", () => {
  test("is one that the run controls, in its namespace", () => {
    expect(gathered([rawJob("demo", [SESSION])]).jobs.get(0)?.hosts[0]?.job?.name).toBe("j");
  });

  test.each<[string, unknown]>([
    ["says so by a label alone", rawJob("demo", [])],
    ["lies in another namespace", rawJob("evil", [SESSION])],
    ["is owned without being controlled", rawJob("demo", [{ ...SESSION, controller: false }])],
    ["is controlled by something else of that uid", rawJob("demo", [{ ...SESSION, apiVersion: "evil/v1" }])],
    ["is controlled by another kind", rawJob("demo", [{ ...SESSION, kind: "BackupBatch" }])],
  ])("S3: is none that %s", (_what, job) => {
    expect(gathered([job]).jobs.get(0)?.hosts[0]?.job).toBeUndefined();
    expect(gatherPointSearch(worldOf([job], []), OWNER, new Map()).job).toBeUndefined();
  });
});

describe("a Job's own pod", () => {
  const job = rawJob("demo", [SESSION]);

  test("is one that the Job controls, in its namespace", () => {
    expect(gathered([job], [rawPod("demo", JOB)]).pods.map(({ uid }) => uid)).toEqual(["pod-demo"]);
  });

  test.each<[string, unknown]>([
    ["says so by labels alone", rawPod("demo", undefined)],
    ["lies in another namespace", rawPod("evil", JOB)],
    [
      "is controlled by something else of that uid",
      rawPod("demo", { ...JOB, kind: "ReplicaSet", apiVersion: "apps/v1" }),
    ],
    ["is owned without being controlled", rawPod("demo", { ...JOB, controller: undefined })],
  ])("S3: is none that %s", (_what, pod) => {
    const found = gathered([job], [pod]);
    expect([...found.pods, ...(found.workloads[0]?.[1].pods ?? [])]).toEqual([]);
  });

  test("S2: is before the AppBinding that the member names, whatever its annotations say", () => {
    const annotated = rawPod("demo", JOB, { [`${STASH}/job-service`]: "victim/bank" });
    const ofClaim = gathered([job], [annotated]);
    expect(ofClaim.pods[0]?.behindApp).toBeUndefined();
    expect(ofClaim.workloads[0]?.[1].pods[0]?.behindApp).toBeUndefined();
    expect(gathered([job], [annotated], DB_REF).pods[0]?.behindApp).toBe("db");
  });
});

describe("what can be heard of a Job's pod", () => {
  const job = rawJob("demo", [SESSION]);

  function heard(running: readonly string[]) {
    const names = ["gate", "addon", "told"];
    const pod = {
      ...rawPod("demo", JOB, { [`${STASH}/job-own-steps`]: "gate,told" }),
      spec: { initContainers: ["mesh", "gate", "addon"].map((name) => ({ name })), containers: [{ name: "told" }] },
      status: {
        phase: "Running",
        initContainerStatuses: ["mesh", ...names]
          .filter((name) => running.includes(name))
          .map((name) => ({ name, state: { running: {} } })),
        containerStatuses: running.includes("told") ? [{ name: "told", state: { running: {} } }] : [],
      },
    };
    const { isSilent, isMute } = gathered([job], [pod]).pods[0] ?? {};
    return { isSilent, isMute };
  }

  test.each([
    [["gate"], false, false],
    [["addon"], true, true],
    [[], false, true],
    // A proxy that a mesh put in runs beside all of them.
    [["mesh", "gate"], false, false],
    [["mesh", "addon"], true, true],
  ])("L8: while %j run(s)", (running, isSilent, isMute) => {
    expect(heard(running)).toEqual({ isSilent, isMute });
  });
});

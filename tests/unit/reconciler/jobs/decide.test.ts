import { describe, expect, test } from "vitest";
import { decideJobOutcome } from "../../../../reconciler/jobs/decide.ts";
import { type JobFact, readJob, readJobPod } from "../../../../reconciler/jobs/object.ts";

const OWNER = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupSession",
  name: "s",
  uid: "session",
  controller: true,
};

function aJob(conditions: readonly unknown[] = [], spec: object = {}): JobFact {
  const job = readJob({
    metadata: { name: "j", namespace: "demo", uid: "job", ownerReferences: [OWNER] },
    spec,
    status: { conditions },
  });
  if (job === undefined) throw new Error("no job");
  return job;
}

const FAILED = aJob([{ type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "too often" }]);

function aPod(status: Readonly<Record<string, unknown>>, createdAt = "2024-01-01T00:00:00Z") {
  const pod = readJobPod({
    metadata: {
      name: "j-x",
      namespace: "demo",
      uid: "pod",
      creationTimestamp: createdAt,
      ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: "j", uid: "job", controller: true }],
    },
    spec: { nodeName: "n", initContainers: [{ name: "first" }], containers: [{ name: "main" }] },
    status,
  });
  if (pod === undefined) throw new Error("no pod");
  return pod;
}

function main(state: Readonly<Record<string, unknown>>, phase = "Pending") {
  return aPod({ phase, containerStatuses: [{ name: "main", state }] });
}

describe("a job", () => {
  test.each([
    ["complete", aJob([{ type: "Complete", status: "True" }]), [], { kind: "complete" }],
    ["without a pod yet", aJob(), [], { kind: "starting" }],
    [
      "whose container runs",
      aJob(),
      [main({ running: { startedAt: "2024-01-01T00:00:00Z" } }, "Running")],
      { kind: "running" },
    ],
    [
      "whose pod was evicted",
      FAILED,
      [aPod({ phase: "Failed", reason: "Evicted", message: "The node was low on disk" })],
      { kind: "failed", code: "EVICTED", message: "pod j-x was evicted: The node was low on disk" },
    ],
    [
      "whose container was ended for lack of memory",
      aJob(),
      [main({ terminated: { exitCode: 137, reason: "OOMKilled" } }, "Failed")],
      { kind: "failed", code: "OUT_OF_MEMORY" },
    ],
    [
      "whose container ended badly",
      FAILED,
      [main({ terminated: { exitCode: 2, reason: "Error", message: "one\nlast words\n" } }, "Failed")],
      {
        kind: "failed",
        code: "JOB_FAILED",
        message: "container main of pod j-x ended with exit code 2: one\nlast words",
      },
    ],
    [
      "whose first container ended badly",
      aJob(),
      [aPod({ phase: "Failed", initContainerStatuses: [{ name: "first", state: { terminated: { exitCode: 1 } } }] })],
      { kind: "failed", code: "JOB_FAILED", message: "container first of pod j-x ended with exit code 1" },
    ],
    [
      "whose deadline passed",
      aJob([{ type: "Failed", status: "True", reason: "DeadlineExceeded" }]),
      [],
      { kind: "failed", code: "DEADLINE_EXCEEDED" },
    ],
    ["whose pod is gone", FAILED, [], { kind: "failed", code: "EXECUTOR_LOST" }],
    [
      "whose pod failed without a container",
      aJob(),
      [aPod({ phase: "Failed", reason: "NodeLost" })],
      { kind: "failed", code: "JOB_FAILED" },
    ],
    [
      "whose image has no valid name",
      aJob(),
      [main({ waiting: { reason: "InvalidImageName", message: "bad" } })],
      { kind: "failed", code: "IMAGE_UNAVAILABLE" },
    ],
    [
      "whose image can't be pulled for now",
      aJob(),
      [main({ waiting: { reason: "ImagePullBackOff", message: "not found" } })],
      {
        kind: "starting",
        code: "IMAGE_UNAVAILABLE",
        message: "container main of pod j-x: ImagePullBackOff: not found",
      },
    ],
    [
      "whose container can't be configured",
      aJob(),
      [main({ waiting: { reason: "CreateContainerConfigError", message: "secret x not found" } })],
      { kind: "starting", code: "CONTAINER_NOT_STARTED" },
    ],
    [
      "that no node takes",
      aJob(),
      [
        aPod({
          phase: "Pending",
          conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3" }],
        }),
      ],
      { kind: "starting", code: "UNSCHEDULABLE", message: "pod j-x: 0/3" },
    ],
  ])("L8: %s", (_what, job, pods, expected) => {
    expect(decideJobOutcome(job, pods)).toMatchObject(expected);
  });

  test("is judged by its newest pod, and by its own pods alone", () => {
    const old = aPod({ phase: "Failed", reason: "Evicted" });
    const running = { ...main({ running: {} }, "Running"), createdAtMs: old.createdAtMs + 1 };
    expect(decideJobOutcome(aJob(), [old, running])).toEqual({ kind: "running" });
    expect(decideJobOutcome(aJob(), [{ ...old, jobUid: "another" }])).toMatchObject({ kind: "starting" });
  });

  test("of somebody else is not read", () => {
    expect(readJob({ metadata: { name: "j", labels: {} } })).toBeUndefined();
    expect(readJobPod({ metadata: { name: "p" } })).toBeUndefined();
  });
});

describe("a job whose controller replaces pods", () => {
  const spec = { podFailurePolicy: { rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] }] } };
  const disrupted = [{ type: "DisruptionTarget", status: "True" }];
  const evicted = aPod({ phase: "Failed", reason: "Evicted", message: "low on disk", conditions: disrupted });

  test("D16: gets another pod for one that was evicted, which is no failure of its host", () => {
    expect(decideJobOutcome(aJob([], spec), [evicted])).toMatchObject({ kind: "starting", code: "EVICTED" });
    const next = aPod(
      { phase: "Running", containerStatuses: [{ name: "main", state: { running: {} } }] },
      "2024-01-01T00:05:00Z",
    );
    expect(decideJobOutcome(aJob([], spec), [evicted, next])).toMatchObject({ kind: "running" });
  });

  test("D16: gets none for a pod that failed by itself, or that its controller gave up", () => {
    const failed = aPod({ phase: "Failed", reason: "Error" });
    expect(decideJobOutcome(aJob([], spec), [failed])).toMatchObject({ kind: "failed", code: "JOB_FAILED" });
    const givenUp = aJob([{ type: "Failed", status: "True", reason: "x" }], spec);
    expect(decideJobOutcome(givenUp, [evicted])).toMatchObject({ kind: "failed", code: "EVICTED" });
  });

  test("D16: is told from one of an older server, which dropped the policy", () => {
    expect(decideJobOutcome(aJob(), [evicted])).toMatchObject({ kind: "failed", code: "EVICTED" });
  });
});

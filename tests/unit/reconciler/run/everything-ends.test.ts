import { describe, expect, test } from "vitest";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { targetKey } from "../../../../shared/target/ref.ts";
import { RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";
import { SESSION_START_MS, SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const HOUR_MS = 3_600_000;
const WEB = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };

function aSession(spec: Partial<BackupBatch["spec"]> = {}, replicas = 1): SessionSimulation {
  const batch: BackupBatch = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
    spec: {
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      members: [{ target: { alias: "web", ref: WEB, paths: ["/data"] } }],
      ...spec,
    },
  };
  return new SessionSimulation({
    batch,
    workloads: [{ kind: "Deployment", namespace: "demo", name: "web", replicas }],
  });
}

/** Lets agents that have a turn beat their hearts, and nothing else, for so long. */
function beat(simulation: SessionSimulation, forMs: number, everyMs = 60_000): void {
  for (let passed = 0; passed < forMs; passed += everyMs) {
    simulation.nowMs += everyMs;
    for (const at of simulation.hosts()) {
      if (at.host.podUID === undefined || at.host.phase === "Failed") continue;
      const heartbeat = new Date(simulation.nowMs).toISOString();
      simulation.report(at, (host) => ({ ...host, phase: "Running", progress: { heartbeat } }));
    }
    simulation.settle();
  }
}

describe("a session without timeOut", () => {
  test("D8: ends after a day, whatever its agents say", () => {
    const simulation = aSession();
    simulation.settle();
    beat(simulation, 23 * HOUR_MS, HOUR_MS / 2);
    expect(simulation.status.phase).toBe("Running");
    beat(simulation, 7 * HOUR_MS, HOUR_MS / 2);
    expect(simulation.status.phase).toBe("Failed");
    expect(simulation.hosts()[0]?.host.reason).toBe("DEADLINE_EXCEEDED");
  });

  test("D8: has two periods of its schedule where they are longer", () => {
    const simulation = aSession();
    const { view } = simulation;
    simulation.view = () => {
      const seen = view.call(simulation);
      return { ...seen, invoker: seen.invoker && { ...seen.invoker, periodMs: 7 * 24 * HOUR_MS } };
    };
    simulation.settle();
    expect(Date.parse(simulation.status.sessionDeadline ?? "")).toBe(SESSION_START_MS + 14 * 24 * HOUR_MS);
  });

  test("D8: a timeOut of 0 means no limit, not one that has passed", () => {
    const simulation = aSession({ timeOut: "0" });
    simulation.settle();
    expect(simulation.status.sessionDeadline).toBeUndefined();
    beat(simulation, 40 * HOUR_MS, HOUR_MS / 2);
    expect(simulation.status.phase).toBe("Running");
  });
});

describe("an agent that begins again and again", () => {
  test.each([
    ["OOMKilled", "OUT_OF_MEMORY"],
    ["Error", "AGENT_RESTARTED"],
  ])("D5: whose container ended as %s is told with %s", (lastEnd, reason) => {
    const simulation = aSession();
    simulation.settle();
    for (const pod of simulation.pods.list()) pod.lastEnd = lastEnd;
    simulation.report({ targetIndex: 0, hostIndex: 0 }, (host) => ({
      ...host,
      phase: "Failed",
      starts: 4,
      reason: "AGENT_RESTARTED",
      error: "host web: what served it ended 3 times",
    }));
    simulation.settle();
    expect(simulation.hosts()[0]?.host).toMatchObject({ phase: "Failed", reason });
  });

  test("D5: the starts of one pod do not count for the next", () => {
    const simulation = aSession({}, 2);
    simulation.settle();
    const [first] = simulation.hosts();
    simulation.report({ targetIndex: 0, hostIndex: 0 }, (host) => ({ ...host, phase: "Running", starts: 3 }));
    simulation.settle();
    simulation.pods.remove(first?.host.podUID ?? "");
    simulation.nowMs += 60_000;
    simulation.settle();
    expect(simulation.hosts()[0]?.host).toMatchObject({ attempt: 2 });
    expect(simulation.hosts()[0]?.host.starts).toBeUndefined();
  });
});

describe("a job that the API server refuses", () => {
  function aJobSession(isPassing: boolean): SessionSimulation {
    const ref = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "files" };
    const member = { target: { alias: "files", ref, paths: ["/data"] }, task: { name: "pvc-backup" } };
    const simulation = aSession({ members: [member] });
    simulation.jobs.refuse(0, { code: "JOB_REFUSED", message: "exceeded quota: none", isPassing });
    simulation.settle();
    return simulation;
  }

  test("D7: for good fails its target at once, in the API server's words", () => {
    expect(aJobSession(false).status).toMatchObject({
      phase: "Failed",
      targets: [{ reason: "JOB_REFUSED", message: "exceeded quota: none" }],
    });
  });

  test("D7: for the moment is tried again for a while, with the words in the status; then the target fails", () => {
    const simulation = aJobSession(true);
    expect(simulation.status).toMatchObject({
      phase: "Pending",
      targets: [{ message: "exceeded quota: none" }],
    });
    simulation.nowMs += 6 * 60_000;
    simulation.settle();
    expect(simulation.status).toMatchObject({ phase: "Failed", targets: [{ reason: "JOB_REFUSED" }] });
  });
});

test("D16: a host whose job's pod was evicted is given to the next pod of the job", () => {
  const ref = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "files" };
  const member = { target: { alias: "files", ref, paths: ["/data"] }, task: { name: "pvc-backup" } };
  const simulation = aSession({ members: [member] });
  simulation.settle();
  const [first] = simulation.hosts();
  expect(first?.host.podUID).toBeDefined();
  simulation.jobs.evict(0, simulation.nowMs);
  simulation.nowMs += 60_000;
  simulation.settle();
  expect(simulation.hosts()[0]?.host).toMatchObject({ phase: "Pending", attempt: 2 });
  expect(simulation.hosts()[0]?.host.podUID).not.toBe(first?.host.podUID);
});

describe("a pod that stays Terminating on a lost node", () => {
  test("D16: loses its host to a ready one as soon as it is silent", () => {
    const simulation = aSession({}, 2);
    simulation.settle();
    const lost = simulation.hosts()[0]?.host.podUID;
    beat(simulation, 60_000);
    for (const pod of simulation.pods.list()) {
      if (pod.uid !== lost) continue;
      pod.isTerminating = true;
      pod.isReady = false;
    }
    simulation.settle();
    expect(simulation.hosts()[0]?.host.podUID).toBe(lost);
    simulation.nowMs += 40_000;
    simulation.settle();
    const [taken] = simulation.hosts();
    expect(taken?.host).toMatchObject({ phase: "Pending", attempt: 2 });
    expect(taken?.host.podUID).not.toBe(lost);
  });

  test("D16: keeps it while its agent still tells how it goes", () => {
    const simulation = aSession({}, 2);
    simulation.settle();
    const kept = simulation.hosts()[0]?.host.podUID;
    for (const pod of simulation.pods.list()) if (pod.uid === kept) pod.isTerminating = true;
    beat(simulation, 120_000, 10_000);
    expect(simulation.hosts()[0]?.host).toMatchObject({ podUID: kept, phase: "Running" });
  });
});

describe("a restore", () => {
  function aRestore(spec: object = {}): RestoreSimulation {
    const restore = parseRestoreBatch({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreBatch",
      metadata: { name: "back", namespace: "demo", uid: "uid-restore", creationTimestamp: "2024-04-30T08:00:00.000Z" },
      spec: {
        repository: { name: "store" },
        members: [{ target: { alias: "web", ref: WEB, rules: [{ paths: ["/data"] }] } }],
        ...spec,
      },
    });
    return new RestoreSimulation(restore, [{ kind: "Deployment", namespace: "demo", name: "web", replicas: 0 }]);
  }

  test("D19: whose Repository does not come is Invalid after a while, and goes on when it comes", () => {
    const simulation = aRestore();
    const { repository } = simulation;
    simulation.repository = undefined;
    simulation.settle();
    expect(simulation.status.phase).toBe("Pending");
    simulation.nowMs += 6 * 60_000;
    simulation.settle();
    expect(simulation.status).toMatchObject({ phase: "Invalid", message: "Repository demo/store does not exist" });
    simulation.repository = repository;
    simulation.settle();
    expect(simulation.status.startTime).toBeDefined();
    expect(simulation.status.phase).not.toBe("Invalid");
  });

  test("D8: that waits for another run without end ends after a week from its begin", () => {
    const simulation = aRestore();
    for (const workload of simulation.workloads) simulation.busyTargets.set(targetKey(workload), "BackupSession other");
    simulation.settle();
    simulation.nowMs += 6 * 24 * HOUR_MS;
    simulation.settle();
    expect(simulation.status.phase).toBe("Pending");
    simulation.nowMs += 2 * 24 * HOUR_MS;
    simulation.settle();
    expect(simulation.status).toMatchObject({ phase: "Failed", reason: "FailedToCompleteWithinDeadline" });
  });
});

describe("a job in which a program of somebody else works", () => {
  const ref = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "files" };
  const member = { target: { alias: "files", ref, paths: ["/data"] }, task: { name: "pvc-backup" } };

  /** A session whose job's pod says nothing of ours for so long. */
  function afterMute(forMs: number, mute: "foreign" | "between" = "foreign") {
    const simulation = aSession({ members: [member] });
    simulation.settle();
    const [pod] = simulation.pods.list().filter(({ uid }) => uid === simulation.hosts()[0]?.host.podUID);
    if (pod === undefined) throw new Error("the host has no pod");
    pod.mute = mute;
    for (let passed = 0; passed < forMs; passed += 10_000) {
      simulation.nowMs += 10_000;
      simulation.settle();
    }
    return { simulation, pod };
  }

  test("L8: lives for as long as it runs, and while the next step begins", () => {
    const { simulation, pod } = afterMute(3 * HOUR_MS);
    const kept = { podUID: pod.uid, attempt: 1 };
    expect(simulation.hosts()[0]?.host).toMatchObject(kept);
    pod.mute = "between";
    simulation.settle();
    expect(simulation.hosts()[0]?.host).toMatchObject(kept);
    delete pod.mute;
    simulation.settle();
    expect(simulation.hosts()[0]?.host).toMatchObject({ ...kept, phase: "Pending" });
  });

  test("L8: is given up when the step of ours that follows says nothing for as long as any other", () => {
    const { simulation, pod } = afterMute(HOUR_MS);
    delete pod.mute;
    simulation.nowMs += 9 * 60_000;
    simulation.settle();
    expect(simulation.hosts()[0]?.host.phase).toBe("Pending");
    simulation.nowMs += 2 * 60_000;
    simulation.settle();
    expect(simulation.hosts()[0]?.host).toMatchObject({ phase: "Failed", reason: "EXECUTOR_LOST" });
  });

  test("D8: ends with the deadline of its session", () => {
    const { simulation } = afterMute(25 * HOUR_MS);
    expect(simulation.hosts()[0]?.host).toMatchObject({ phase: "Failed", reason: "DEADLINE_EXCEEDED" });
  });

  test("D16: has its grace when its pod is told to end, counted from then on", () => {
    const { simulation, pod } = afterMute(3 * HOUR_MS);
    pod.isTerminating = true;
    pod.graceSeconds = 3_600;
    for (let passed = 0; passed < HOUR_MS; passed += 60_000) {
      simulation.nowMs += 60_000;
      simulation.settle();
    }
    expect(simulation.hosts()[0]?.host).toMatchObject({ podUID: pod.uid, attempt: 1 });
    simulation.nowMs += 60_000;
    simulation.settle();
    expect(simulation.hosts()[0]?.host.podUID).not.toBe(pod.uid);
  });
});

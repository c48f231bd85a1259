import { describe, expect, test } from "vitest";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import type { BackupHooks } from "../../../../shared/api/hooks.ts";
import type { HostStats } from "../../../../shared/api/host-stats.ts";
import { type HostAt, SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const WEB = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
const DB = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "db" };
const HOOKS: BackupHooks = {
  preBackup: { exec: { command: ["freeze"] } },
  postBackup: { exec: { command: ["thaw"] } },
};

function aBatch(members: BackupBatch["spec"]["members"], hooks?: BackupHooks): BackupBatch {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
    spec: {
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      ...(hooks !== undefined && { hooks }),
      members: members ?? [],
    },
  };
}

const BARE = { target: { alias: "web", ref: WEB, paths: ["/data"] } };
const member = (hooks: BackupHooks = HOOKS) => ({ ...BARE, hooks });

function aSession(batch: BackupBatch, replicas = 2): SessionSimulation {
  const workloads = [{ kind: "Deployment", namespace: "demo", name: "web", replicas }];
  const simulation = new SessionSimulation({ batch, workloads });
  simulation.settle();
  return simulation;
}

/** Commands that were started so far, and where. */
function commands({ startedHooks }: SessionSimulation): readonly string[] {
  return startedHooks.map(({ handler, place }) => `${handler.exec?.command?.join(" ")} in ${place?.pod ?? "a job"}`);
}

function endHooks(simulation: SessionSimulation, message?: string): void {
  const finishedAt = new Date(simulation.nowMs).toISOString();
  for (const key of [...simulation.running.keys()]) {
    const phase = message === undefined ? "Succeeded" : "Failed";
    simulation.endHook(key, { phase, message: message ?? "", output: "", finishedAt });
  }
  simulation.settle();
}

function report(
  simulation: SessionSimulation,
  change: Partial<HostStats>,
  at: HostAt | undefined = simulation.hosts()[0],
) {
  if (at === undefined) throw new Error("no host");
  simulation.report(at, (host) => ({ ...host, ...change }));
  simulation.settle();
}

function finishedAt(simulation: SessionSimulation): Partial<HostStats> {
  return { finishedAt: new Date(simulation.nowMs).toISOString() };
}

function servingPod(simulation: SessionSimulation): string {
  return simulation.hosts()[0]?.host.pod ?? "";
}

describe("once a before-hook began, its after-hook runs", () => {
  test.each<[string, (simulation: SessionSimulation) => void]>([
    [
      "though the invoker lost it",
      (simulation) => {
        simulation.batch = aBatch([BARE]);
      },
    ],
    [
      "though the invoker lost the member",
      (simulation) => {
        simulation.batch = aBatch([{ target: { alias: "other", ref: { ...WEB, name: "other" }, paths: ["/data"] } }]);
      },
    ],
    [
      "as it was then, though the invoker has another one now",
      (simulation) => {
        simulation.batch = aBatch([member({ ...HOOKS, postBackup: { exec: { command: ["other"] } } })]);
      },
    ],
    [
      "though the invoker is gone and the reconciler was started anew",
      (simulation) => {
        simulation.batch = undefined;
        simulation.restart();
      },
    ],
  ])("D18: %s", (_what, change) => {
    const simulation = aSession(aBatch([member()]));
    endHooks(simulation);
    const pod = servingPod(simulation);
    report(simulation, { phase: "Running" });
    change(simulation);
    simulation.settle();
    if (simulation.hosts()[0]?.host.phase === "Running")
      report(simulation, { phase: "Failed", ...finishedAt(simulation) });
    expect(commands(simulation)).toEqual([`freeze in ${pod}`, `thaw in ${pod}`]);
  });

  test("D18: by the policy that it had then", () => {
    const onFailure = { ...HOOKS, postBackup: { exec: { command: ["thaw"] }, executionPolicy: "OnFailure" as const } };
    const simulation = aSession(aBatch([member(onFailure)]));
    endHooks(simulation);
    simulation.batch = aBatch([member()]);
    report(simulation, { phase: "Succeeded", snapshots: [{ name: "abc", path: "/data" }], ...finishedAt(simulation) });
    expect(commands(simulation)).toHaveLength(1);
    expect(simulation.status.targets?.[0]?.hooks?.at(-1)).toMatchObject({ type: "postBackup", phase: "Skipped" });
  });

  test("D18: also that of the whole run", () => {
    const simulation = aSession(aBatch([BARE], HOOKS));
    endHooks(simulation);
    report(simulation, { phase: "Running" });
    simulation.batch = aBatch([BARE]);
    report(simulation, { phase: "Failed", ...finishedAt(simulation) });
    for (const { host } of simulation.hosts()) {
      const results = (host.actions ?? []).map((action) => ({ action, phase: "Succeeded" as const }));
      report(simulation, { results });
    }
    expect(commands(simulation)).toEqual(["freeze in a job", "thaw in a job"]);
  });

  test("D17: in each pod in which one began and that lives, though another pod took the host", () => {
    const simulation = aSession(aBatch([member()]));
    const first = servingPod(simulation);
    // It is not ready for a moment, so another pod is prepared and gets the host.
    simulation.pods.get(first).isReady = false;
    endHooks(simulation);
    endHooks(simulation);
    const second = servingPod(simulation);
    expect(second).not.toBe(first);
    report(simulation, { phase: "Succeeded", snapshots: [{ name: "abc", path: "/data" }], ...finishedAt(simulation) });
    endHooks(simulation);
    endHooks(simulation);
    expect(commands(simulation)).toEqual([
      `freeze in ${first}`,
      `freeze in ${second}`,
      `thaw in ${first}`,
      `thaw in ${second}`,
    ]);
  });

  test("D17: of an application in the very pod of its before-hook, though the job's pod is gone", () => {
    const simulation = aSession(
      aBatch([{ target: { alias: "db", ref: DB }, task: { name: "postgres-backup" }, hooks: HOOKS }]),
    );
    const [started] = simulation.startedHooks;
    expect(started?.place?.behindApp).toBe("db");
    endHooks(simulation);
    report(simulation, { phase: "Succeeded", snapshots: [{ name: "abc", path: "dump" }], ...finishedAt(simulation) });
    expect(simulation.startedHooks[1]?.place).toMatchObject({ ranIn: { pod: "db-0", uid: "uid-db-0" } });
    for (const pod of simulation.pods.list()) if (pod.workload.kind === "Job") simulation.pods.remove(pod.uid);
    endHooks(simulation, "interrupted: x");
    expect(simulation.startedHooks[2]?.place).toMatchObject({ behindApp: "db", ranIn: { uid: "uid-db-0" } });
  });

  test("D6: in the pod that took its place, when its own is gone before the command reached it", () => {
    const simulation = aSession(aBatch([member()]));
    endHooks(simulation);
    const first = servingPod(simulation);
    report(simulation, { phase: "Succeeded", snapshots: [{ name: "abc", path: "/data" }], ...finishedAt(simulation) });
    const { uid } = simulation.pods.get(first);
    simulation.pods.remove(uid);
    endHooks(simulation, `not begun: pods "${first}" not found`);
    const [, , last] = commands(simulation);
    expect(last).toMatch(/^thaw in web-/);
    expect(last).not.toBe(`thaw in ${first}`);
    endHooks(simulation);
    expect(simulation.status.targets?.[0]?.phase).toBe("Succeeded");
  });

  test("D16: not in a pod that stays Terminating on a lost node, when another took its place", () => {
    const simulation = aSession(aBatch([member()]));
    endHooks(simulation);
    const first = servingPod(simulation);
    report(simulation, { phase: "Running" });
    const pod = simulation.pods.get(first);
    pod.isTerminating = true;
    pod.isReady = false;
    report(simulation, { phase: "Failed", ...finishedAt(simulation) });
    expect(commands(simulation)).toHaveLength(2);
    expect(commands(simulation)[1]).not.toBe(`thaw in ${first}`);
  });
});

describe("a session that is deleted between before-hook and after-hook", () => {
  function deleted(simulation: SessionSimulation): void {
    const { session } = simulation;
    const deletionTimestamp = new Date(simulation.nowMs).toISOString();
    simulation.session = { ...session, metadata: { ...session.metadata, deletionTimestamp } };
    simulation.settle();
  }

  test("D18: gives everything up, runs what it owes, and ends without anything else", () => {
    const simulation = aSession(aBatch([member()], { postBackup: { exec: { command: ["report"] } } }));
    endHooks(simulation);
    const pod = servingPod(simulation);
    report(simulation, { phase: "Running" });
    deleted(simulation);
    expect(simulation.hosts()[0]?.host).toMatchObject({ phase: "Failed", reason: "CANCELLED" });
    expect(commands(simulation)).toEqual([`freeze in ${pod}`, `thaw in ${pod}`]);
    expect(simulation.status.phase).toBe("Running");
    endHooks(simulation);
    endHooks(simulation);
    expect(simulation.status.phase).toBe("Failed");
    expect(simulation.hosts()[0]?.host.actions ?? []).not.toContain("ApplyRetentionPolicy");
    expect(simulation.status.nextRetry).toBeUndefined();
  });

  test("D18: while the before-hook runs, that is ended and followed by the after-hook", () => {
    const simulation = aSession(aBatch([member()]));
    deleted(simulation);
    expect(commands(simulation).map((command) => command.split(" ")[0])).toEqual(["freeze", "thaw"]);
    endHooks(simulation);
    expect(simulation.status.phase).toBe("Failed");
  });

  test("D18: starts nobody else", () => {
    const other = { target: { alias: "next", ref: { ...WEB, name: "next" }, paths: ["/data"] }, dependsOn: ["web"] };
    const simulation = aSession(aBatch([member(), other]));
    endHooks(simulation);
    deleted(simulation);
    endHooks(simulation);
    expect(simulation.status.targets?.[1]).toMatchObject({ phase: "Failed", reason: "CANCELLED" });
  });
});

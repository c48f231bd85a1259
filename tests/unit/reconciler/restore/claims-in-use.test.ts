/** L53: what a restore by jobs makes of pods that mount the claims which it fills. */
import { expect, test } from "vitest";
import { decideRestore } from "../../../../reconciler/restore/decide.ts";
import { readRestoreStatus, writeRestoreStatus } from "../../../../reconciler/restore/status.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../../../shared/api/restore-session.ts";
import { RESTORE_START_MS, RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";

const FILES = { ref: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "files" } };
const DB = { ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "db" } };
const MADE = {
  replicas: 2,
  volumeMounts: [{ name: "data", mountPath: "/data" }],
  volumeClaimTemplates: [{ metadata: { name: "data-web-${POD_ORDINAL}" }, spec: {} }],
};
const IN_USE = "pod web-1 mounts claim files (next: scale StatefulSet demo/web to 0 until the restore has ended)";
const DAY_MS = 24 * 3_600_000;

function aRestore(target: object, spec: object = {}, hooks: object = {}): RestoreSimulation {
  const created = new Date(RESTORE_START_MS).toISOString();
  return new RestoreSimulation(
    parseRestoreBatch({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreBatch",
      metadata: { name: "back", namespace: "demo", uid: "uid", creationTimestamp: created },
      spec: { repository: { name: "store" }, members: [{ target: { alias: "files", ...target } }], hooks, ...spec },
    }),
    [],
  );
}

const WAIT = { volumesInUse: "Wait" };
const targetOf = ({ status }: RestoreSimulation) => status.targets?.[0];
const madeJobs = ({ passes }: RestoreSimulation) =>
  passes.flatMap(({ actions }) => actions.filter((action) => action.kind === "EnsureJobs"));
const told = (simulation: RestoreSimulation) => {
  const found = targetOf(simulation)?.conditions?.find(({ type }) => type === "VolumesFree");
  return found && `${found.status} ${found.reason}: ${found.message}`;
};

function use(simulation: RestoreSimulation, claim = "files"): RestoreSimulation {
  simulation.strangers.set("web-1", { claim, owner: "web" });
  return simulation;
}

function pass(simulation: RestoreSimulation, ms: number): void {
  simulation.nowMs += ms;
  simulation.settle();
}

test("L53: a claim that pods mount is restored all the same, as upstream's guide does it, and its member says who they are", () => {
  const simulation = use(aRestore(FILES));
  simulation.settle();
  expect(told(simulation)).toBe(`False VolumesInUse: ${IN_USE}`);
  expect(targetOf(simulation)).toMatchObject({ totalHosts: 1 });
  expect(madeJobs(simulation)).toMatchObject([{ inUse: IN_USE }]);
});

test("L53: of a claim that nobody else mounts nothing is said", () => {
  const simulation = aRestore(FILES);
  simulation.strangers.set("api-1", { claim: "other" });
  simulation.settle();
  expect(told(simulation)).toBeUndefined();
  expect(madeJobs(simulation)).toEqual([{ kind: "EnsureJobs", targetIndex: 0 }]);
});

test("L53: with volumesInUse: Wait no job is made before the pods are gone, and a restore that waits says for whom", () => {
  const simulation = use(aRestore(FILES, WAIT));
  simulation.settle();
  expect(targetOf(simulation)).toMatchObject({ phase: "Pending", reason: "OldPodsRunning", message: IN_USE });
  expect(simulation.status).toMatchObject({ reason: "OldPodsRunning", message: `files: ${IN_USE}` });
  pass(simulation, DAY_MS - 1_000);
  expect(madeJobs(simulation)).toEqual([]);
  simulation.strangers.clear();
  pass(simulation, 500);
  expect(madeJobs(simulation)).toEqual([]);
  pass(simulation, 501);
  expect(told(simulation)).toBe("True NoOtherPods: no other pod mounts what is restored any more");
  expect(targetOf(simulation)).toMatchObject({ totalHosts: 1 });
  expect(targetOf(simulation)?.reason).toBeUndefined();
});

test("L53: a RestoreSession that waits says whom for, and since when, also while the pods are about to be looked at again", () => {
  const simulation = use(aRestore(FILES, WAIT));
  simulation.settle();
  const [member] = simulation.restore.spec.members ?? [];
  const { metadata } = simulation.restore;
  const spec = { repository: { name: "store" }, ...WAIT, ...member };
  const api = { apiVersion: "stash.appscode.com/v1beta1", kind: "RestoreSession" };
  const session = parseRestoreSession({ ...api, metadata, spec });
  const stored = parseRestoreSession({ ...session, status: writeRestoreStatus(session, simulation.status) });
  expect(readRestoreStatus(stored).targets?.[0]?.conditions).toEqual(targetOf(simulation)?.conditions);
  simulation.nowMs += 5_000;
  const view = { ...simulation.view(), status: readRestoreStatus(stored) };
  const { actions } = decideRestore(view, new Date(simulation.nowMs));
  expect(actions.map(({ kind }) => kind)).toContain("LookAtPods");
  for (const action of actions) {
    if (action.kind === "WriteStatus") expect(writeRestoreStatus(stored, action.status)).toEqual(stored.status);
  }
});

test("L53: one that waits for pods which stay fails after a day", () => {
  const simulation = use(aRestore(FILES, WAIT));
  simulation.settle();
  pass(simulation, DAY_MS);
  expect(targetOf(simulation)).toMatchObject({ phase: "Failed", reason: "OLD_PODS_RUNNING", message: IN_USE });
  expect(simulation.status.phase).toBe("Failed");
  expect(madeJobs(simulation)).toEqual([]);
});

test("L53: a claim that comes while pods wait for it is not filled beside them", () => {
  const simulation = aRestore(FILES, WAIT);
  simulation.jobs.absent.set(0, { target: "missing", message: "it does not exist" });
  simulation.settle();
  expect(simulation.status.message).toContain("it does not exist");
  const tried = madeJobs(simulation).length;
  simulation.jobs.absent.clear();
  use(simulation);
  pass(simulation, 10_000);
  expect(targetOf(simulation)).toMatchObject({ reason: "OldPodsRunning" });
  expect(madeJobs(simulation)).toHaveLength(tried);
});

test("L53: claims that are made anew are asked for by their names, of each ordinal", () => {
  const simulation = use(aRestore(MADE, WAIT), "data-web-1");
  simulation.settle();
  expect(targetOf(simulation)?.message).toContain("mounts claim data-web-1");
  expect(madeJobs(simulation)).toEqual([]);
});

test("L53: a database is loaded while its server runs: nobody looks at pods", () => {
  const simulation = use(aRestore(DB, WAIT));
  simulation.settle();
  expect(told(simulation)).toBeUndefined();
  expect(targetOf(simulation)).toMatchObject({ totalHosts: 1 });
});

test("L53: a hook before all members comes before the look, so that it may scale the workload down", () => {
  const preRestore = { httpPost: { host: "ops", path: "/stop", port: 80 } };
  const simulation = use(aRestore(FILES, WAIT, { preRestore }));
  simulation.settle();
  expect(told(simulation)).toBeUndefined();
  simulation.strangers.clear();
  const [hook] = simulation.startedHooks;
  const finishedAt = new Date(simulation.nowMs).toISOString();
  simulation.endHook(hook?.key ?? "", { phase: "Succeeded", message: "", output: "", finishedAt });
  simulation.settle();
  expect(madeJobs(simulation)).toEqual([{ kind: "EnsureJobs", targetIndex: 0 }]);
});

test("one look at the pods serves all members", () => {
  const simulation = aRestore(FILES, {
    members: ["a", "b", "c"].map((name) => ({ target: { alias: name, ref: { ...FILES.ref, name } } })),
  });
  simulation.settle();
  const looks = simulation.passes.flatMap(({ actions }) => actions.filter(({ kind }) => kind === "LookAtPods"));
  expect(looks).toHaveLength(1);
  expect(simulation.status.targets?.map(({ totalHosts }) => totalHosts)).toEqual([1, 1, 1]);
});

import { expect, test } from "vitest";
import { JobMaker } from "../../../../reconciler/jobs/job-maker.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { restoreInvokerView } from "../../../../shared/invoker.ts";
import { createLogger } from "../../../../shared/log.ts";
import { FakeApi } from "../fake-api.ts";
import { functions, IMAGE, PVC_REF, repository, tasks } from "./builders.ts";

const RESTORE = parseRestoreBatch({
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "RestoreBatch",
  metadata: { name: "back", namespace: "demo", uid: "uid-of-restore", creationTimestamp: "2024-01-01T00:00:00Z" },
  spec: { repository: { name: "repo" }, session: "nightly-1", members: [{ target: { ref: PVC_REF } }] },
});

function aMaker(api: FakeApi): JobMaker {
  const settings = { image: IMAGE, nativeSidecar: false, followsImage: false };
  return new JobMaker({ client: api.client, settings, log: createLogger("test", "error") });
}

function anOrder() {
  const { apiVersion, kind, metadata } = RESTORE;
  const invoker = restoreInvokerView(RESTORE);
  const [member] = invoker.members;
  if (member === undefined) throw new Error("the restore has no member");
  const owner = { apiVersion, kind, namespace: metadata.namespace, name: metadata.name, uid: "uid-of-restore" };
  return { owner, invoker, member, repository, deadlineAtMs: undefined, nowMs: 0 };
}

function aCluster(): FakeApi {
  const api = new FakeApi();
  for (const task of tasks) api.put("tasks", { ...task });
  for (const one of functions) api.put("functions", { ...one });
  api.put("persistentvolumeclaims", {
    metadata: { name: "files", namespace: "demo" },
    spec: { accessModes: ["ReadWriteMany"] },
  });
  return api;
}

function aPod(name: string, claimName: string, phase: string) {
  const volumes = [{ name: "files", persistentVolumeClaim: { claimName } }];
  return { metadata: { name, namespace: "demo" }, spec: { nodeName: "node-1", volumes }, status: { phase } };
}

test("L53: a restore into a claim names the running pods that mount it", async () => {
  const api = aCluster();
  expect(await aMaker(api).makeRestoreJobs(anOrder())).toEqual([]);
  for (const pod of [
    aPod("web-1", "files", "Running"),
    aPod("old", "files", "Succeeded"),
    aPod("db", "other", "Running"),
  ]) {
    api.put("pods", pod);
  }
  expect(await aMaker(api).makeRestoreJobs(anOrder())).toEqual(["web-1"]);
});

test("the look for recovery points is one job beside those of the members, however often it is asked for", async () => {
  const api = aCluster();
  const maker = aMaker(api);
  await maker.makePointSearch(anOrder());
  await maker.makePointSearch(anOrder());
  await maker.makeRestoreJobs(anOrder());
  expect(api.names("jobs")).toEqual(["demo/stash-restore-back-points", "demo/stash-restore-back-0"]);
});

test("why there can be no look for recovery points is remembered, and forgotten with the next try", async () => {
  const api = aCluster();
  const maker = aMaker(api);
  await maker.makePointSearch({ ...anOrder(), repository: undefined });
  expect([...maker.problems("uid-of-restore").values()]).toMatchObject([{ code: "NOT_FOUND" }]);
  await maker.makePointSearch(anOrder());
  expect(maker.problems("uid-of-restore").size).toBe(0);
});
